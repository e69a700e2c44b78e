# A Debian package, built and unpacked.
mkdir -p p/DEBIAN p/usr/share/x; echo content > p/usr/share/x/file
printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.com>\nDescription: x\n' > p/DEBIAN/control
dpkg-deb --root-owner-group -b p x.deb; dpkg-deb -f x.deb Package Version; dpkg-deb -c x.deb | awk '{print $1, $2, $6}'
dpkg-deb -x x.deb out; cat out/usr/share/x/file
