// VMs for tests of the VM API: with small guests in machine code, or an image of guests/bare.

import {existsSync, readdirSync, readFileSync, readlinkSync} from 'node:fs'
import {describe} from 'vitest'
import {guests} from '../../ci/paths.mjs'
import {arch} from '../../src/arch/index.ts'
import {HvError} from '../../src/errors.ts'
import type {RegisterValues} from '../../src/vm/registers.ts'
import type {Vcpu} from '../../src/vm/vcpu.ts'
import {Vm} from '../../src/vm/vm.ts'
import {type Code, guest} from './guest-code.ts'

export const MEMORY_BYTES = 0x100000

/** Skipped by name where the host has no KVM. */
export const describeKvm: ReturnType<typeof describe.skipIf> = describe.skipIf(!existsSync('/dev/kvm'))
/** KVM without VT-x and SVM: src/vm/README.md says how it differs. */
export const isPvmHost = existsSync('/sys/module/kvm_pvm')
/** Whether QEMU emulates this x86_64 processor: in a bed. */
export const isEmulatedX86 =
  arch.name === 'x86_64' && readFileSync('/proc/cpuinfo', 'utf8').includes('QEMU TCG')
export const hasGuests = existsSync(`${guests}/bare-hello`)

export const bareGuest = (name: string): string => `${guests}/bare-${name}`
export const flatImage = (name: string): Code => [...readFileSync(`${guests}/bare-${name}.bin`)]

/** A VM whose one vCPU is about to run `code`. Dispose of the VM. */
export function standingBefore(code: Code, registers: RegisterValues = {}): {vm: Vm; vcpu: Vcpu} {
  const vm = Vm.create({memoryBytes: MEMORY_BYTES, memoryBase: guest.memoryBase})
  return {vm, vcpu: guest.start(vm, guest.at, code, registers)}
}

/** Another vCPU, whose code lies `offset` bytes after the first one's. */
export function addVcpu(vm: Vm, offset: number, code: Code, registers: RegisterValues = {}): Vcpu {
  return guest.start(vm, guest.at + offset, code, registers)
}

/** Tests of what only one architecture has; skipped by that name on the other. */
export function describeOn(architecture: typeof arch.name, name: string, tests: () => void): void {
  if (arch.name === architecture) describeKvm(name, tests)
  else describe.skip(`${name} (only ${architecture})`, tests)
}

/** Runs to the first exit that is no port output. @returns the output, and that exit's kind */
export function runToHalt(vcpu: Vcpu): {printed: string; kind: string} {
  let printed = ''
  for (;;) {
    const exit = vcpu.run()
    if (exit.kind !== 'io' || exit.direction !== 'out') return {printed, kind: exit.kind}
    printed += Buffer.from(exit.data).toString('latin1')
  }
}

export function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof HvError) return error.code
    throw error
  }
  return 'nothing was thrown'
}

/** Counts descriptors that hv opens (/dev/kvm, VMs, vCPUs, memory files), and never the test runner's. */
export const vmDescriptors = (): number =>
  readdirSync('/proc/self/fd').filter((fd) => /^\/dev\/kvm|^anon_inode:kvm-|^\/memfd:/.test(linkOf(fd)))
    .length

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}

export const residentBytes = (): number =>
  Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]) * 4096
