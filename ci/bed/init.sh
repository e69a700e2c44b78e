#!/bin/sh
# The bed's first process: loads KVM, mounts the two images and hands over to serve.mjs; ends in power-off.

busybox=/busybox
$busybox mount -t devtmpfs dev /dev
$busybox mount -t proc proc /proc
$busybox mount -t sysfs sys /sys

while read -r module; do
  $busybox insmod "/modules/$module" || echo "bed: insmod $module failed"
done </modules/order

new=/new
$busybox mount -t squashfs -o ro /dev/vda $new
$busybox mount -t squashfs -o ro /dev/vdb $new/hv
for folder in dev proc sys; do
  $busybox mount -o move "/$folder" "$new/$folder"
done
for folder in tmp run root var mnt; do
  $busybox mount -t tmpfs -o mode=1777 tmpfs "$new/$folder"
done
$busybox mkdir -p $new/dev/shm $new/dev/pts
$busybox mount -t tmpfs tmpfs $new/dev/shm
$busybox mount -t devpts devpts $new/dev/pts
$busybox ip link set lo up

export PATH=/bed:/usr/bin:/bin HOME=/root
$busybox chroot $new node /hv/ci/bed/serve.mjs
echo "bed: serve.mjs ended with status $?"
$busybox poweroff -f
