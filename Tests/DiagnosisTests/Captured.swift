// swift-format-ignore-file

/// What `nft -j list ruleset` of nftables 1.0.6 said, an item a line.
enum Captured {
    static let ruleset = #"""
        {"nftables": [
        {"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}},
        {"table": {"family": "inet", "name": "filter", "handle": 12}},
        {"set": {"family": "inet", "name": "blocked", "table": "filter", "type": "ipv4_addr", "handle": 4, "flags": ["interval"], "elem": ["10.77.0.21", {"prefix": {"addr": "10.99.0.0", "len": 16}}]}},
        {"set": {"family": "inet", "name": "ports", "table": "filter", "type": "inet_service", "handle": 5, "flags": ["interval"], "elem": [111, {"range": [20048, 20050]}]}},
        {"chain": {"family": "inet", "table": "filter", "name": "input", "handle": 1, "type": "filter", "hook": "input", "prio": 0, "policy": "drop"}},
        {"chain": {"family": "inet", "table": "filter", "name": "nfs", "handle": 2}},
        {"chain": {"family": "inet", "table": "filter", "name": "rpc", "handle": 3}},
        {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 6, "expr": [{"match": {"op": "==", "left": {"meta": {"key": "iif"}}, "right": "lo"}}, {"accept": null}]}},
        {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 7, "comment": "the agent", "expr": [{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "mgmt0"}}, {"counter": {"packets": 0, "bytes": 0}}, {"accept": null}]}},
        {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 9, "expr": [{"vmap": {"key": {"ct": {"key": "state"}}, "data": {"set": [["invalid", {"drop": null}], ["established", {"accept": null}], ["related", {"accept": null}]]}}}]}},
        {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 10, "expr": [{"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": "icmp"}}, {"accept": null}]}},
        {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 11, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "@blocked"}}, {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 2049}}, {"counter": {"packets": 3, "bytes": 180}}, {"reject": {"type": "tcp reset"}}]}},
        {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 13, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": {"prefix": {"addr": "10.77.0.0", "len": 24}}}}, {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": {"set": [22, 2049]}}}, {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": "new"}}, {"accept": null}]}},
        {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 14, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": {"range": [2049, 2050]}}}, {"jump": {"target": "nfs"}}]}},
        {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 16, "expr": [{"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": {"set": ["tcp", "udp"]}}}, {"match": {"op": "==", "left": {"payload": {"protocol": "th", "field": "dport"}}, "right": "@ports"}}, {"match": {"op": "!=", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": {"prefix": {"addr": "10.88.0.0", "len": 16}}}}, {"goto": {"target": "rpc"}}]}},
        {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 17, "expr": [{"match": {"op": "==", "left": {"&": [{"payload": {"protocol": "tcp", "field": "flags"}}, ["fin", "syn"]]}, "right": "fin"}}, {"drop": null}]}},
        {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 19, "expr": [{"vmap": {"key": {"payload": {"protocol": "ip", "field": "protocol"}}, "data": {"set": [["udp", {"goto": {"target": "rpc"}}]]}}}]}},
        {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 20, "expr": [{"limit": {"rate": 5, "burst": 5, "per": "second"}}, {"log": {"prefix": "dropped "}}]}},
        {"rule": {"family": "inet", "table": "filter", "chain": "nfs", "handle": 22, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": {"set": [{"prefix": {"addr": "10.77.0.0", "len": 25}}, {"range": ["192.0.2.1", "192.0.2.9"]}]}}}, {"accept": null}]}},
        {"rule": {"family": "inet", "table": "filter", "chain": "nfs", "handle": 23, "expr": [{"return": null}]}},
        {"rule": {"family": "inet", "table": "filter", "chain": "rpc", "handle": 24, "expr": [{"match": {"op": "!=", "left": {"payload": {"protocol": "th", "field": "dport"}}, "right": 111}}, {"return": null}]}},
        {"rule": {"family": "inet", "table": "filter", "chain": "rpc", "handle": 25, "expr": [{"accept": null}]}},
        {"table": {"family": "ip6", "name": "six", "handle": 13}},
        {"chain": {"family": "ip6", "table": "six", "name": "in", "handle": 1, "type": "filter", "hook": "input", "prio": -10, "policy": "accept"}},
        {"rule": {"family": "ip6", "table": "six", "chain": "in", "handle": 2, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "ip6", "field": "saddr"}}, "right": {"prefix": {"addr": "fd00::", "len": 64}}}}, {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 2049}}, {"drop": null}]}},
        {"table": {"family": "inet", "name": "raw", "handle": 14}},
        {"chain": {"family": "inet", "table": "raw", "name": "pre", "handle": 1, "type": "filter", "hook": "prerouting", "prio": -300, "policy": "accept"}},
        {"rule": {"family": "inet", "table": "raw", "chain": "pre", "handle": 2, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": {"prefix": {"addr": "10.66.0.0", "len": 16}}}}, {"drop": null}]}},
        {"rule": {"family": "inet", "table": "raw", "chain": "pre", "handle": 3, "expr": [{"match": {"op": "==", "left": {"fib": {"result": "type", "flags": ["daddr"]}}, "right": "broadcast"}}, {"drop": null}]}}
        ]}
        """#

    /// A rule of iptables-nft with a match that nftables does not translate.
    static let strange = #"""
        {"nftables": [
        {"table": {"family": "ip", "name": "filter", "handle": 1}},
        {"chain": {"family": "ip", "table": "filter", "name": "INPUT", "handle": 1, "type": "filter", "hook": "input", "prio": 0, "policy": "accept"}},
        {"rule": {"family": "ip", "table": "filter", "chain": "INPUT", "handle": 3, "expr": [{"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": "tcp"}}, {"xt": null}, {"counter": {"packets": 0, "bytes": 0}}, {"drop": null}]}}
        ]}
        """#
}
