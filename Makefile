# The doors of the project. Each installs with apt-get what it lacks and works on a fresh Debian 12 with Swift 6.3.
# Everything that mounts or serves runs in namespaces of its own (Scripts/isolated) and needs root.

BUILD_PACKAGES = libdbus-1-dev libnfs-dev librados-dev librbd-dev libsqlite3-dev pkg-config
RUN_PACKAGES = btrfs-progs dbus-daemon e2fsprogs iproute2 nfs-common nfs-ganesha nfs-ganesha-vfs rpcbind util-linux xfsprogs

TEST_PACKAGES = etcd-server nftables rsync

KILLS = 50

LAB_PACKAGES = binutils ceph-common ceph-mgr ceph-mon ceph-osd cpio etcd-server kmod mmdebstrap qemu-system-x86

SWIFT_BUILD = swift build --explicit-target-dependency-import-check error
DEBUG = $(shell swift build --show-bin-path)
RELEASE = $(shell swift build -c release --show-bin-path)
# The programs run on a Debian 12 without Swift: its runtime is in them.
RELEASE_BUILD = $(SWIFT_BUILD) -c release --static-swift-stdlib

.PHONY: demo build test lab lab-programs lab-pair lab-ceph drill-ha soak soak-ha soak-ceph bench bench-lab bench-ha bench-ceph fmt lint packages

demo: packages
	$(SWIFT_BUILD) --product convert2nfs-demo
	$(SWIFT_BUILD) --product convert2nfsd
	$(SWIFT_BUILD) --product convert2nfs
	Scripts/isolated $(DEBUG)/convert2nfs-demo

build: packages
	$(RELEASE_BUILD) --product convert2nfsd
	$(RELEASE_BUILD) --product convert2nfs
	$(RELEASE_BUILD) --product convert2nfs-rbd

test: packages lint
	@Scripts/packages $(TEST_PACKAGES)
	$(SWIFT_BUILD) --build-tests
	Scripts/repeat-failures Scripts/isolated swift test --skip-build --no-parallel

lab-programs: build
	@Scripts/packages $(LAB_PACKAGES)
	$(RELEASE_BUILD) --product convert2nfs-lab-agent
	$(SWIFT_BUILD) --product convert2nfs-lab
	$(SWIFT_BUILD) --build-tests

# The release programs in virtual machines whose kernel has LVM, nfsd and an NFS client (docs/decisions/0012-the-lab.md).
lab: lab-programs
	Scripts/repeat-failures Scripts/lab-suite $(RELEASE)

# A pair of storage nodes in three of those machines, failing over.
lab-pair: lab-programs
	Scripts/lab-suite $(RELEASE) --filter 'LabTests.*(Pair.*Tests|PartitionTests)'

# A real Ceph cluster beside the machines, and storage nodes on its pools: power cuts at every step and two pairs, too.
lab-ceph: lab-programs
	CONVERT2NFS_DRILL=1 Scripts/lab-suite $(RELEASE) --filter 'LabTests.*Ceph.*Tests'

# What goes wrong with a pair while something else does; most of an hour.
drill-ha: lab-programs
	CONVERT2NFS_DRILL=1 Scripts/lab-suite $(RELEASE) --filter "PairDrillTests|lostWhileCopying"

# The full count of kills; make test does a short one.
soak: packages
	$(SWIFT_BUILD) --build-tests
	CONVERT2NFS_SOAK=1 Scripts/isolated swift test --skip-build --no-parallel --filter SoakTests

# A pair's nodes lose their power at random moments under load; most of a minute each time. On DRBD, and on Ceph.
soak-ha: SUITE = PairTests
soak-ceph: SUITE = CephPairTests
soak-ha soak-ceph: lab-programs
	CONVERT2NFS_SOAK=$(KILLS) Scripts/lab-suite $(RELEASE) --filter 'LabTests\.$(SUITE)/killedAgainAndAgain'

bench: build
	@Scripts/packages dbus-bin
	$(RELEASE_BUILD) --product convert2nfs-bench
	Scripts/isolated $(RELEASE)/convert2nfs-bench

# The same in the lab's machines: LVM, the kernel's NFS server and client, against the bare tools.
bench-lab: MEASURES = --only create growth transfer reboot
# A pair's moves: what a client waits.
bench-ha: MEASURES = --only failover failovers switch locks soak lag
# On a real Ceph cluster: create and clone, and what a client waits for a pair, against one on DRBD.
bench-ceph: MEASURES = --only ceph-volumes ceph-failover
bench-lab bench-ha bench-ceph: build
	@Scripts/packages $(LAB_PACKAGES)
	$(RELEASE_BUILD) --product convert2nfs-lab-agent
	$(RELEASE_BUILD) --product convert2nfs-bench-lab
	$(SWIFT_BUILD) --product convert2nfs-lab
	$(DEBUG)/convert2nfs-lab prepare >/dev/null
	unshare --pid --fork --kill-child --mount-proc Scripts/isolated $(RELEASE)/convert2nfs-bench-lab $(MEASURES) $(BENCH)

fmt:
	swift format format --in-place --recursive Package.swift Sources Tests

lint:
	swift format lint --strict --recursive Package.swift Sources Tests

packages:
	@Scripts/packages $(BUILD_PACKAGES) $(RUN_PACKAGES)
