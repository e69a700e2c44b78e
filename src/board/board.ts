// A board: what a file of boards/ says about a machine. README.md in this folder documents the fields.

export interface Board {
  /** The file's name without `.json`. */
  name: string
  title: string
  architecture: 'x86_64' | 'arm64'
  /** Several if the board has different cores; none if any will do, or the architecture has no MIDR. */
  cores: BoardCore[]
  /** Whether the cores can run the kernel at EL2; null: it depends, or does not apply. */
  vhe: boolean | null
  /** The GIC version of the board's own interrupt controller; null: it is no GIC, or it depends. */
  gic: string | null
  /** Page sizes, in bytes, of kernels that run on it. */
  pageSizes: number[]
  /** How to get /dev/kvm there. */
  kvm: string
  /** What `hv check` should find. */
  expect: Expectation
  /** Any of these rules recognises the board. */
  recognise: Rule[]
  /** How QEMU emulates it; null: QEMU cannot. */
  emulation: Emulation | null
  /** Where each fact comes from. */
  sources: string[]
}

export interface BoardCore {
  name: string
  /** MIDR_EL1's fields in hexadecimal, such as `0x41` and `0xd08`. */
  implementer: string
  part: string
}

export interface Expectation {
  /** Any of these is correct. */
  modes: string[]
  /** null: it differs between such boards. */
  ipaBits: number | null
  /** GIC versions that KVM gives guests; null: it depends, or does not apply. */
  vgic: string[] | null
}

/** All given fields have to match; a `*` at the end of a text matches any rest. */
export interface Rule {
  /** /proc/device-tree/model */
  model?: string
  /** One of /proc/device-tree/compatible. */
  compatible?: string
  /** /sys/class/dmi/id/sys_vendor */
  vendor?: string
  /** /sys/class/dmi/id/product_name */
  product?: string
  /** A folder of /sys/module. */
  module?: string
}

export interface Emulation {
  /** QEMU's -machine and -cpu. */
  machine: string
  cpu: string
  kernelArguments: string
  cpus: number
  memoryMib: number
  /** How it differs from the board. */
  note?: string
}
