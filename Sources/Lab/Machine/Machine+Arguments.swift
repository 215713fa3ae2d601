/// How the accelerator runs the guest's processor.
package enum Accelerator: String, Sendable {
    case kvm
    /// Emulation: runs everywhere, ten to twenty times slower.
    case tcg

    func arguments(processors: Int) -> [String] {
        let kind =
            switch self {
            case .kvm: ["-accel", "kvm", "-cpu", "host"]
            // The plainest processor: its kernel has the least to set up, which halves the time to boot.
            case .tcg: ["-accel", "tcg,thread=\(processors > 1 ? "multi" : "single")", "-cpu", "qemu64"]
            }
        return kind + ["-smp", "\(processors)"]
    }
}

extension Machine {
    /// Of qemu-system-x86_64. Flushes of the disks are not passed on to the host's (cache=unsafe): what a machine has
    /// handed over is in the host's memory and survives the end of qemu, which is all the power cut that is tried here.
    /// `counterRate` is `TimestampCounter.rate()`.
    func arguments(counterRate: Int?) -> [String] {
        var result =
            ["-name", spec.name, "-M", "q35"] + accelerator.arguments(processors: spec.processors) + [
                "-m", "\(spec.memoryMiB)", "-nodefaults", "-no-user-config", "-display", "none",
                "-no-reboot", "-kernel", image.kernel, "-initrd", image.ramdisk, "-append", kernelLine(counterRate),
                "-chardev", "file,id=console,path=\(console),append=on", "-serial", "chardev:console",
                "-device", "virtio-rng-pci",
            ]
        result += drive("root", root, "cache=unsafe,discard=unmap")
        result += drive("payload", payload, "readonly=on,file.locking=off")
        for index in spec.disks.indices { result += drive("data\(index)", disk(index), "cache=unsafe,discard=unmap") }
        for link in LabNetwork.Link.allCases {
            let address = LabNetwork.hardwareAddress(link, spec.number)
            result += [
                "-netdev", "tap,id=\(link.rawValue),ifname=\(link.tap(spec.name)),script=no,downscript=no",
                "-device", "virtio-net-pci,netdev=\(link.rawValue),mac=\(address),romfile=",
            ]
        }
        return result
    }

    private func drive(_ serial: String, _ path: String, _ options: String) -> [String] {
        [
            "-drive", "file=\(path),format=raw,if=none,id=\(serial),\(options)",
            "-device", "virtio-blk-pci,drive=\(serial),serial=\(serial)",
        ]
    }

    private func kernelLine(_ counterRate: Int?) -> String {
        "console=ttyS0 quiet loglevel=4 mitigations=off tsc=reliable panic=-1 random.trust_cpu=on "
            + "lab.name=\(spec.name) lab.number=\(spec.number) lab.role=\(spec.role.rawValue)"
            + (counterRate.map { " tsc_early_khz=\($0)" } ?? "")
            + (spec.start == .systemd ? " lab.systemd \(Self.systemdLine)" : "")
    }

    /// Units that a test has no use for cost seconds each, and nfs-ganesha's takes the ports of the kernel's server.
    private static var systemdLine: String {
        let masked = [
            "nfs-ganesha.service", "nfs-ganesha-lock.service", "nfs-blkmap.service", "e2scrub_reap.service",
            "systemd-firstboot.service", "systemd-timesyncd.service", "systemd-pstore.service",
            "systemd-random-seed.service", "systemd-update-utmp.service", "getty.target", "timers.target",
        ]
        return "systemd.wants=lab-agent.service systemd.show_status=no "
            + masked.map { "systemd.mask=\($0)" }.joined(separator: " ")
    }
}
