// Linux on arm64: puts its image and its device tree into memory, and the first vCPU at its entry
// (Linux, Documentation/arch/arm64/booting.rst).

import {nativeHost} from '../../vfs/native-host.ts'
import type {Irqchip} from '../../vm/irqchip.ts'
import type {Vcpu} from '../../vm/vcpu.ts'
import {failedKernel, type KernelStart} from '../boot/kernel-start.ts'
import {bytesOf, load, type Source, sourceOf} from '../boot/source.ts'
import type {PlacedDevice} from '../bus.ts'
import {MEMORY_BASE} from './boot.ts'
import {cells64, flattened, type TreeNode} from './device-tree.ts'

const MIB = 2 ** 20
/** The kernel begins at a multiple of it, and the tree ends below the next one: 2 MiB hold the largest tree. */
const ALIGN = 2 * MIB
const PAGE_BYTES = 0x1000
const HEADER_BYTES = 64
const MAGIC_AT = 56
const MAGIC = 0x644d5241
const GZIP = 0x8b1f
/** Debug, SError, IRQ and FIQ masked; EL1's own stack pointer. MMU and caches are off, as in a new vCPU. */
const PSTATE = 0x3c5n
/** The affinity fields of MPIDR_EL1. */
const AFFINITY = 0xff00ffffffn

/** The timer's interrupts: secure, non-secure, virtual, hypervisor; all private, level-triggered and active low. */
const TIMER_INTERRUPTS = [13, 14, 11, 10].flatMap((number) => [1, number, 4])
const HIGH = 4
const GIC = 1
const CLOCK = 2
/** native/arch/arm64/boot.h. */
const DISTRIBUTOR = [0x08000000, 0x10000]
const REDISTRIBUTORS = [0x080a0000, 0xf60000]
const CPU_INTERFACE = [0x08010000, 0x10000]

/** @throws HvError BAD_KERNEL, MEMORY_SIZE */
export function startLinux(start: KernelStart): void {
  const {vm, vcpus} = start
  const image = unpacked(start.kernel, vm.memory.size)
  const {textOffset, imageBytes} = readHeader(image)
  const at = MEMORY_BASE + textOffset
  const end = MEMORY_BASE + vm.memory.size
  const treeAt = end - ALIGN
  const initrdAt = Math.floor((treeAt - (start.initrd?.length ?? 0)) / PAGE_BYTES) * PAGE_BYTES
  if (at + imageBytes > initrdAt) throw failedKernel('does not fit', 'give it more memory')

  load(vm.memory, at, image)
  if (start.initrd) load(vm.memory, initrdAt, start.initrd)
  vm.memory.write(treeAt, flattened(treeOf(start, initrdAt)))
  vcpus[0].registers.set({pc: BigInt(at), x0: BigInt(treeAt), x1: 0n, x2: 0n, x3: 0n, pstate: PSTATE})
}

function unpacked(kernel: Source, maxOutputLength: number): Source {
  if (kernel.length < 2 || bytesOf(kernel, 0, 2).readUInt16LE(0) !== GZIP) return kernel
  const packed = bytesOf(kernel, 0, kernel.length)
  try {
    // Loading it takes a millisecond, and most starts do not need it.
    const {gunzipSync} = process.getBuiltinModule('node:zlib')
    return sourceOf(gunzipSync(packed, {maxOutputLength}))
  } catch (error) {
    throw failedKernel(`cannot be unpacked: ${(error as Error).message}`, 'is it whole?')
  }
}

function readHeader(image: Source): {textOffset: number; imageBytes: number} {
  const bytes = bytesOf(image, 0, HEADER_BYTES)
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(MAGIC_AT) !== MAGIC) {
    throw failedKernel('is no Image of arm64', 'give arch/arm64/boot/Image, or Image.gz')
  }
  const textOffset = Number(bytes.readBigUInt64LE(8))
  const imageBytes = Number(bytes.readBigUInt64LE(16))
  if (textOffset >= ALIGN || imageBytes < image.length || !Number.isSafeInteger(imageBytes)) {
    throw failedKernel('has a header that cannot be right', 'is it whole?')
  }
  return {textOffset, imageBytes}
}

function treeOf(start: KernelStart, initrdAt: number): TreeNode {
  const {vm, highMemory, vcpus, commandLine, devices, initrd} = start
  // The high piece follows the low one.
  const memoryBytes = vm.memory.size + (highMemory?.bytes ?? 0)
  const boots = {
    bootargs: commandLine,
    'stdout-path': '/pl011@9000000',
    'rng-seed': nativeHost.random.fill(new Uint8Array(64)),
  }
  const disk = initrd && {
    'linux,initrd-start': cells64(initrdAt),
    'linux,initrd-end': cells64(initrdAt + initrd.length),
  }
  return {
    properties: {
      '#address-cells': [2],
      '#size-cells': [2],
      compatible: 'linux,dummy-virt',
      model: 'hv',
      'interrupt-parent': [GIC],
    },
    children: {
      chosen: {properties: {...boots, ...disk}},
      [`memory@${hex(MEMORY_BASE)}`]: {
        properties: {device_type: 'memory', reg: [...cells64(MEMORY_BASE), ...cells64(memoryBytes)]},
      },
      cpus: cpusOf(vcpus),
      psci: {properties: {compatible: ['arm,psci-1.0', 'arm,psci-0.2'], method: 'hvc'}},
      timer: {properties: {compatible: 'arm,armv8-timer', interrupts: TIMER_INTERRUPTS, 'always-on': true}},
      [`interrupt-controller@${hex(DISTRIBUTOR[0])}`]: gicOf(vm.irqchip!.kind),
      'apb-pclk': {
        properties: {
          compatible: 'fixed-clock',
          '#clock-cells': [0],
          'clock-frequency': [24_000_000],
          phandle: [CLOCK],
        },
      },
      ...Object.fromEntries(devices.map(nodeOf)),
    },
  }
}

function cpusOf(vcpus: readonly Vcpu[]): TreeNode {
  const nodes = vcpus.map((vcpu) => {
    const affinity = Number(vcpu.registers.get('mpidr_el1') & AFFINITY)
    const properties = {
      device_type: 'cpu',
      compatible: 'arm,armv8',
      'enable-method': 'psci',
      reg: cells64(affinity),
    }
    return [`cpu@${hex(affinity)}`, {properties}] as const
  })
  return {properties: {'#address-cells': [2], '#size-cells': [0]}, children: Object.fromEntries(nodes)}
}

function gicOf(kind: Irqchip['kind']): TreeNode {
  const [compatible, second] =
    kind === 'gicv3' ? ['arm,gic-v3', REDISTRIBUTORS] : ['arm,cortex-a15-gic', CPU_INTERFACE]
  return {
    properties: {
      compatible: compatible as string,
      'interrupt-controller': true,
      '#interrupt-cells': [3],
      reg: [DISTRIBUTOR, second as number[]].flatMap(([at, length]) => [...cells64(at), ...cells64(length)]),
      phandle: [GIC],
    },
  }
}

/** Besides its place. */
const DEVICES = {
  virtio: {name: 'virtio_mmio', compatible: 'virtio,mmio', more: {'dma-coherent': true}},
  clock: {
    ...{name: 'pl031', compatible: ['arm,pl031', 'arm,primecell']},
    more: {clocks: [CLOCK], 'clock-names': 'apb_pclk'},
  },
  serial: {
    ...{name: 'pl011', compatible: ['arm,pl011', 'arm,primecell']},
    more: {clocks: [CLOCK, CLOCK], 'clock-names': ['uartclk', 'apb_pclk']},
  },
} as const

function nodeOf({kind, first, length, gsi}: PlacedDevice): readonly [string, TreeNode] {
  const {name, compatible, more} = DEVICES[kind]
  const place = {reg: [...cells64(first), ...cells64(length)], interrupts: [0, gsi, HIGH]}
  return [`${name}@${hex(first)}`, {properties: {compatible, ...place, ...more}}]
}

const hex = (value: number): string => value.toString(16)
