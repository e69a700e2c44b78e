// Runs in a bed: the same kernel's machine by hv and by QEMU on KVM.

import {execFileSync} from 'node:child_process'

/** Where the bed has QEMU's tree; it sees the kernels at /mnt. */
export const QEMU_ROOT = '/debian'
const MEMORY = '256M'

/** @type {Record<string, {program: string, machine: string, cpu: string, console: string, kernels: string[]}>} */
const machines = {
  x86_64: {
    program: 'qemu-system-x86_64',
    // Without devices that its Linux does not use. Paravirtual EOI is off, as for hv's kernels: it loses interrupts in the SVM bed.
    machine: 'microvm,kernel-irqchip=on,pit=off,pic=off,rtc=on',
    cpu: 'host,kvm-pv-eoi=off',
    console: 'ttyS0',
    kernels: ['vmlinux', 'vmlinuz'],
  },
  arm64: {
    program: 'qemu-system-aarch64',
    machine: 'virt,gic-version=host',
    cpu: 'host',
    console: 'ttyAMA0',
    kernels: ['vmlinuz'],
  },
}

export function machinesOf(architecture) {
  const {program, machine, cpu, console: terminal, kernels} = machines[architecture]
  const kept = `/hv/.cache/machine/${architecture}`
  return {
    kernels,
    /** QEMU's name for its machine. */
    qemuMachine: machine.split(',')[0],
    shareKernels: () => execFileSync('busybox', ['mount', '-o', 'bind', kept, `${QEMU_ROOT}/mnt`]),
    hv: (kernel, append, more = []) => [
      ...['node', 'dist/bin/hv.cjs', 'run', '--kernel', `${kept}/${kernel}`],
      ...['--initrd', `${kept}/initramfs.cpio`, '--memory', MEMORY, '--append', append, ...more],
    ],
    /** Its memory is a memfd, which devices in other processes need. */
    qemu: (kernel, append, more = []) => [
      ...['chroot', QEMU_ROOT, program, '-cpu', cpu, '-m', MEMORY],
      ...['-M', `${machine},accel=kvm,memory-backend=memory`],
      ...['-object', `memory-backend-memfd,id=memory,size=${MEMORY},share=on`],
      ...['-nodefaults', '-no-user-config', '-display', 'none', '-serial', 'stdio', '-no-reboot'],
      ...['-kernel', `/mnt/${kernel}`, '-initrd', '/mnt/initramfs.cpio'],
      ...['-append', `console=${terminal} panic=-1 ${append}`, ...more],
    ],
  }
}
