#!/bin/sh
# A bed's first process: loads modules, mounts the images and hands over to serve.mjs; powers off at the end.

busybox=/bin/busybox
$busybox mount -t devtmpfs dev /dev
$busybox mount -t proc proc /proc
$busybox mount -t sysfs sys /sys

# The kernel hands init the parameters it does not know (admin-guide/kernel-parameters). The virt machine's clock is a module.
$busybox date -s "@$now" >/dev/null

while read -r module; do
  $busybox insmod "/modules/$module" || echo "bed: insmod $module failed"
done </modules/order

# Bochs has ATA disks, whose letters follow no order, and a serial line for commands.
if ! [ -b /dev/vda ]; then
  until [ "$($busybox ls -d /sys/block/sd* | $busybox wc -l)" = "$disks" ]; do $busybox sleep 0.1; done
  for disk in /sys/block/sd*; do
    address=$($busybox readlink -f "$disk/device")
    echo "${address##*/} ${disk##*/}"
  done | $busybox sort >/disks
  letters='a b c d'
  while read -r _ disk; do
    $busybox ln -s "$disk" "/dev/vd${letters%% *}"
    letters=${letters#* }
  done </disks
  $busybox stty -F /dev/ttyS1 raw -echo clocal 115200
  $busybox ln -s ttyS1 /dev/vport
fi

new=/new
$busybox mount -t squashfs -o ro /dev/vda $new
$busybox mount -t squashfs -o ro /dev/vdb $new/hv
$busybox mount -t squashfs -o ro /dev/vdc $new/hv/node_modules
for folder in dev proc sys; do
  $busybox mount -o move "/$folder" "$new/$folder"
done
for folder in tmp run root var mnt bed; do
  $busybox mount -t tmpfs -o mode=1777 tmpfs "$new/$folder"
done
$busybox mkdir -p $new/dev/shm $new/dev/pts
$busybox mount -t tmpfs tmpfs $new/dev/shm
# As udev does.
$busybox ln -s /proc/self/fd $new/dev/fd
$busybox mount -t devpts devpts $new/dev/pts
# Debian's programs, in a bed that was given them.
if [ -b $new/dev/vdd ]; then
  $busybox mount -t squashfs -o ro $new/dev/vdd $new/debian
  for folder in dev proc sys; do
    $busybox mount -o rbind "$new/$folder" "$new/debian/$folder"
  done
  for folder in tmp mnt; do
    $busybox mount -t tmpfs -o mode=1777 tmpfs "$new/debian/$folder"
  done
fi
$busybox ip link set lo up
# For tests of guest memory; a kernel without hugetlb has no such file.
echo 4 >/proc/sys/vm/nr_hugepages

# Over the initramfs itself, as switch_root does: a root made only with chroot(2) has something above it.
cd $new && $busybox mount -o move . /
export PATH=/usr/bin:/bed HOME=/root
$busybox chroot . /usr/bin/busybox --install -s /bed
$busybox chroot . node /hv/ci/bed/serve.mjs
echo "bed: serve.mjs ended with status $?"
$busybox poweroff -f
