# The doors of the project. Each installs with apt-get what it lacks and works on a fresh Debian 12 with Swift 6.3.
# Everything that mounts or serves runs in namespaces of its own (Scripts/isolated) and needs root.

BUILD_PACKAGES = libdbus-1-dev libnfs-dev libsqlite3-dev pkg-config
RUN_PACKAGES = btrfs-progs dbus-daemon e2fsprogs iproute2 nfs-common nfs-ganesha nfs-ganesha-vfs rpcbind util-linux xfsprogs

SWIFT_BUILD = swift build --explicit-target-dependency-import-check error
DEBUG = $(shell swift build --show-bin-path)
RELEASE = $(shell swift build -c release --show-bin-path)

.PHONY: demo build test soak bench fmt lint packages

demo: packages
	$(SWIFT_BUILD) --product convert2nfs-demo
	$(SWIFT_BUILD) --product convert2nfsd
	$(SWIFT_BUILD) --product convert2nfs
	Scripts/isolated $(DEBUG)/convert2nfs-demo

build: packages
	$(SWIFT_BUILD) -c release --product convert2nfsd
	$(SWIFT_BUILD) -c release --product convert2nfs

test: packages lint
	$(SWIFT_BUILD) --build-tests
	Scripts/isolated swift test --skip-build --no-parallel

# The full count of kills; make test does a short one.
soak: packages
	$(SWIFT_BUILD) --build-tests
	CONVERT2NFS_SOAK=1 Scripts/isolated swift test --skip-build --no-parallel --filter SoakTests

bench: build
	@Scripts/packages dbus-bin
	$(SWIFT_BUILD) -c release --product convert2nfs-bench
	Scripts/isolated $(RELEASE)/convert2nfs-bench

fmt:
	swift format format --in-place --recursive Package.swift Sources Tests

lint:
	swift format lint --strict --recursive Package.swift Sources Tests

packages:
	@Scripts/packages $(BUILD_PACKAGES) $(RUN_PACKAGES)
