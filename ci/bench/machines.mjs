// Runs in a bed: the same kernel's machine by hv and by QEMU on KVM.

import {execFileSync} from 'node:child_process'
import {existsSync, readFileSync, writeFileSync} from 'node:fs'

/** Where the bed has QEMU's tree; it sees the kernels at /mnt. */
export const QEMU_ROOT = '/debian'
const MEBIBYTES = 256
const MEMORY = `${MEBIBYTES}M`
/** Both have it. */
const INITRAMFS = '/tmp/initramfs.cpio'
const PAGE_BYTES = 4096

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
    /**
     * To QEMU's tree. QEMU's firmware lays its ACPI tables at the end of memory, where the end of an initramfs is, and neither knows of
     * the other: so the last page is left to the tables.
     */
    shareKernels() {
      if (existsSync(`${QEMU_ROOT}${INITRAMFS}`)) return
      execFileSync('busybox', ['mount', '-o', 'bind', kept, `${QEMU_ROOT}/mnt`])
      const initramfs = readFileSync(`${kept}/initramfs.cpio`)
      const padding = Buffer.alloc(PAGE_BYTES - (initramfs.length % PAGE_BYTES) + 1)
      writeFileSync(`${QEMU_ROOT}${INITRAMFS}`, Buffer.concat([initramfs, padding]))
    },
    hv: (kernel, append, more = []) => [
      ...['node', 'dist/bin/hv.cjs', 'run', '--kernel', `${kept}/${kernel}`],
      ...['--initrd', `${QEMU_ROOT}${INITRAMFS}`, '--memory', MEMORY, '--append', append, ...more],
    ],
    /** With a server on a vsock port, which the command has no option for. */
    hvWithEcho: (kernel, append, disk, port) => [
      ...['node', 'ci/bench/echo-machine.mjs', `${kept}/${kernel}`, `${QEMU_ROOT}${INITRAMFS}`],
      ...[`${MEBIBYTES}`, append, disk, port],
    ],
    /** Its memory is a memfd, which devices in other processes need. */
    qemu: (kernel, append, more = []) => [
      ...['chroot', QEMU_ROOT, program, '-cpu', cpu, '-m', MEMORY],
      ...['-M', `${machine},accel=kvm,memory-backend=memory`],
      ...['-object', `memory-backend-memfd,id=memory,size=${MEMORY},share=on`],
      ...['-nodefaults', '-no-user-config', '-display', 'none', '-serial', 'stdio', '-no-reboot'],
      ...['-kernel', `/mnt/${kernel}`, '-initrd', INITRAMFS],
      ...['-append', `console=${terminal} panic=-1 ${append}`, ...more],
    ],
  }
}
