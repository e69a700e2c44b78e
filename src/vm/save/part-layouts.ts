// The table of the fields in the parts of KVM's state: name, offset and size in bytes, of linux/kvm.h's and asm/kvm.h's structures.

import {arch} from '../../arch/index.ts'

export interface Field {
  readonly offset: number
  /** 1, 2, 4 or 8. */
  readonly bytes: number
}

type Row = readonly [name: string, offset: number, bytes: number]
export type Layout = ReadonlyMap<string, Field>

const layout = (...rows: Row[]): Layout =>
  new Map(rows.map(([name, offset, bytes]) => [name, {offset, bytes}]))

/** `count` rows at equal distances, numbered from 0 on. */
const repeated = (count: number, distance: number, of: (index: number, at: number) => Row[]): Row[] =>
  Array.from({length: count}, (_, index) => of(index, index * distance)).flat()

/** Neighbours of one size, from an offset on. */
const row = (from: number, bytes: number, ...names: string[]): Row[] =>
  names.map((name, index) => [name, from + index * bytes, bytes])

/** struct kvm_lapic_state: the registers of a local APIC by their offsets in its page: SDM vol. 3, table 12-1. */
const LAPIC = layout(
  ...(
    [
      ['id', 0x20],
      ['version', 0x30],
      ['tpr', 0x80],
      ['apr', 0x90],
      ['ppr', 0xa0],
    ] as const
  ).map(word),
  ...(
    [
      ['ldr', 0xd0],
      ['dfr', 0xe0],
      ['svr', 0xf0],
      ['esr', 0x280],
      ['lvt-cmci', 0x2f0],
    ] as const
  ).map(word),
  ...(
    [
      ['icr-low', 0x300],
      ['icr-high', 0x310],
      ['lvt-timer', 0x320],
      ['lvt-thermal', 0x330],
    ] as const
  ).map(word),
  ...(
    [
      ['lvt-performance', 0x340],
      ['lvt-lint0', 0x350],
      ['lvt-lint1', 0x360],
    ] as const
  ).map(word),
  ...(
    [
      ['lvt-error', 0x370],
      ['timer-initial', 0x380],
      ['timer-current', 0x390],
    ] as const
  ).map(word),
  word(['timer-divide', 0x3e0]),
  ...repeated(8, 0x10, (index, at) => [
    [`isr${index}`, 0x100 + at, 4],
    [`tmr${index}`, 0x180 + at, 4],
    [`irr${index}`, 0x200 + at, 4],
  ]),
)

function word([name, offset]: readonly [string, number]): Row {
  return [name, offset, 4]
}

/** struct kvm_pic_state. */
const PIC = layout(
  ...row(0, 1, 'last-irr', 'irr', 'imr', 'isr', 'priority-add', 'irq-base', 'read-reg-select', 'poll'),
  ...row(8, 1, 'special-mask', 'init-state', 'auto-eoi', 'rotate-on-auto-eoi', 'special-fully-nested-mode'),
  ...row(13, 1, 'init4', 'elcr', 'elcr-mask'),
)

const X86_64: Readonly<Record<string, Layout>> = {
  'tsc-khz': layout(['khz', 0, 4]),
  xcrs: layout(['xcr0', 16, 8]),
  debugregs: layout(...row(0, 8, 'dr0', 'dr1', 'dr2', 'dr3', 'dr6', 'dr7', 'flags')),
  lapic: LAPIC,
  nested: layout(
    ['flags', 0, 2],
    ['format', 2, 2],
    ['size', 4, 4],
    ['vmxon-pa', 8, 8],
    ['vmcs12-pa', 16, 8],
    ['vmcb-pa', 8, 8],
  ),
  events: layout(
    ...row(0, 1, 'exception.injected', 'exception.nr', 'exception.has-error-code', 'exception.pending'),
    ['exception.error-code', 4, 4],
    ...row(8, 1, 'interrupt.injected', 'interrupt.nr', 'interrupt.soft', 'interrupt.shadow'),
    ...row(12, 1, 'nmi.injected', 'nmi.pending', 'nmi.masked'),
    ...row(16, 4, 'sipi-vector', 'flags'),
    ...row(24, 1, 'smi.smm', 'smi.pending', 'smi.smm-inside-nmi', 'smi.latched-init', 'triple-fault.pending'),
    ['exception.has-payload', 55, 1],
    ['exception.payload', 56, 8],
  ),
  'mp-state': layout(['mp-state', 0, 4]),
  clock: layout(['clock', 0, 8], ['flags', 8, 4], ['realtime', 16, 8], ['host-tsc', 24, 8]),
  'pic-master': PIC,
  'pic-slave': PIC,
  ioapic: layout(
    ['base-address', 0, 8],
    ...row(8, 4, 'ioregsel', 'id', 'irr'),
    ...repeated(24, 8, (index, at) => [[`redirection${index}`, 24 + at, 8]]),
  ),
  pit: layout(
    ...repeated(3, 24, (index, at) => [
      [`channel${index}.count`, at, 4],
      [`channel${index}.latched-count`, at + 4, 2],
      ...row(
        at + 6,
        1,
        ...['count-latched', 'status-latched', 'status', 'read-state', 'write-state', 'write-latch'].map(
          of(index),
        ),
        ...['rw-mode', 'mode', 'bcd', 'gate'].map(of(index)),
      ),
      [`channel${index}.count-load-time`, at + 16, 8],
    ]),
    ['flags', 72, 4],
  ),
}

function of(index: number): (name: string) => string {
  return (name) => `channel${index}.${name}`
}

const ARM64: Readonly<Record<string, Layout>> = {
  events: layout(...row(0, 1, 'serror.pending', 'serror.has-esr', 'data-abort.pending'), [
    'serror.esr',
    8,
    8,
  ]),
  'mp-state': layout(['mp-state', 0, 4]),
}

/** Of this host's architecture. What is missing has bytes alone. */
export const LAYOUTS: Readonly<Record<string, Layout>> = {x86_64: X86_64, arm64: ARM64}[arch.name]
