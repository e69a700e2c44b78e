// The ioctls that the VM API has no name for, and KVM's capabilities.

import {closeSync, existsSync, readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {HEADER} from '../../../ci/reference/kvm-api.mjs'
import {arch} from '../../../src/arch/index.ts'
import {checkExtension, type KvmCapability} from '../../../src/vm/capabilities.ts'
import {KVM_CAPABILITIES} from '../../../src/vm/capability-numbers.ts'
import {guest} from '../../helpers/guest-code.ts'
import {codeOf, describeKvm, standingBefore} from '../../helpers/vm.ts'

const KVM_GET_API_VERSION = 0xae00
const KVM_CHECK_EXTENSION = 0xae03
const KVM_GET_MP_STATE = 0x8004ae98
const KVM_GET_DIRTY_LOG = 0x4010ae42
const [KVM_GET_REG_LIST, KVM_GET_MSRS] = [0xc008aeb0, 0xc008ae88]
const KVM_CREATE_DEVICE = 0xc00caee0
/** KVM_DEV_TYPE_VFIO: on both architectures. */
const VFIO = 4

const errnoOf = (run: () => unknown): string | undefined => {
  try {
    run()
  } catch (error) {
    return (error as {errno?: string}).errno
  }
  return undefined
}
const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer)

describeKvm('a raw ioctl', () => {
  test('gives what KVM returns, and writes', () => {
    const {vm, vcpu} = standingBefore(guest.stop)
    using _ = vm
    expect(vm.rawSystem.ioctl(KVM_GET_API_VERSION)).toBe(12)
    expect(vm.raw.ioctl(KVM_CHECK_EXTENSION, KVM_CAPABILITIES.KVM_CAP_USER_MEMORY)).toBe(1)
    const state = words(7)
    expect(vcpu.raw.ioctl(KVM_GET_MP_STATE, state)).toBe(0)
    expect(state).toEqual(words(0))
    expect(vcpu.run().kind).toBe(guest.stopKind)
  })

  test('makes descriptors, which are the caller’s', () => {
    const {vm} = standingBefore(guest.stop)
    using _ = vm
    const device = words(VFIO, 0, 0)
    vm.raw.ioctl(KVM_CREATE_DEVICE, device)
    const [, fd] = new Uint32Array(device.buffer)
    expect(fd).toBeGreaterThan(2)
    closeSync(fd!)
  })

  test('follows pointers to bytes', () => {
    const {vm} = standingBefore(guest.stop)
    using _ = vm
    const slot = vm.addMemory({address: 0x4000_0000 * 2, bytes: 0x10000, logsDirty: true})
    const bitmap = new Uint8Array(8).fill(0xff)
    expect(vm.raw.ioctl(KVM_GET_DIRTY_LOG, words(1, 0, 0, 0), {8: bitmap})).toBe(0)
    expect(bitmap).toEqual(new Uint8Array(8))
    slot[Symbol.dispose]()
  })

  test('writes past no bytes', () => {
    const {vm, vcpu} = standingBefore(guest.stop)
    using _ = vm
    // One entry more than there is room for; arm64's list says first how many there are.
    const request = arch.name === 'arm64' ? KVM_GET_REG_LIST : KVM_GET_MSRS
    const list = arch.name === 'arm64' ? words(1 << 16, 0, 0, 0) : words(2, 0, 0x174, 0, 0, 0)
    expect(errnoOf(() => vcpu.raw.ioctl(request, list))).toBe('EFAULT')
    expect(vcpu.run().kind).toBe(guest.stopKind)
  })

  test('that fails has the name of its error', () => {
    const {vm, vcpu} = standingBefore(guest.stop)
    using _ = vm
    expect(codeOf(() => vcpu.raw.ioctl(0xaeff))).toBe('HOST_SYSCALL')
    expect(['ENOTTY', 'EINVAL']).toContain(errnoOf(() => vcpu.raw.ioctl(0xaeff)))
  })

  test('takes no other arguments, and no descriptor of what is gone', async () => {
    const {vm, vcpu} = standingBefore(guest.spin)
    using _ = vm
    for (const args of [[-1], [2 ** 32], ['1'], [1, -1], [1, '1'], [1, []], [1, new Uint8Array(2 ** 24 + 1)]])
      expect(codeOf(() => vm.raw.ioctl(...(args as [number])))).toBe('BAD_ARGUMENT')
    for (const pointers of [
      {1: new Uint8Array(1)},
      {'-1': new Uint8Array(1)},
      {0: 1},
      {x: new Uint8Array(1)},
    ])
      expect(codeOf(() => vm.raw.ioctl(1, new Uint8Array(8), pointers as never))).toBe('BAD_ARGUMENT')
    const run = vcpu.runAsync()
    expect(codeOf(() => vcpu.raw.fd)).toBe('VCPU_BUSY')
    vcpu.interrupt()
    await run
    expect(vcpu.raw.fd).toBeGreaterThan(2)
    vm[Symbol.dispose]()
    for (const {raw} of [vm, vcpu]) expect(codeOf(() => raw.ioctl(KVM_GET_API_VERSION))).toBe('DISPOSED')
  })
})

describeKvm('a capability', () => {
  test('is asked for by name, or by number', () => {
    expect(checkExtension('KVM_CAP_USER_MEMORY')).toBe(1)
    expect(checkExtension('KVM_CAP_MAX_VCPUS')).toBeGreaterThan(1)
    expect(checkExtension(KVM_CAPABILITIES.KVM_CAP_MAX_VCPUS)).toBe(checkExtension('KVM_CAP_MAX_VCPUS'))
    expect(checkExtension(99_999)).toBe(0)
    for (const name of Object.keys(KVM_CAPABILITIES) as KvmCapability[])
      expect(checkExtension(name)).toBeGreaterThanOrEqual(0)
    for (const bad of ['KVM_CAP_NOTHING', -1, 0.5, undefined])
      expect(codeOf(() => checkExtension(bad as never))).toBe('BAD_ARGUMENT')
  })
})

test.skipIf(!existsSync(HEADER))('the names and numbers of capabilities are those of the header', () => {
  const text = readFileSync(HEADER, 'utf8')
  const all = [...text.matchAll(/^#\s*define\s+(KVM_CAP_\w+)\s+(\d+)\b/gm)].map(([, name, value]) => [
    name,
    Number(value),
  ])
  expect(all.length).toBeGreaterThan(200)
  expect(KVM_CAPABILITIES).toMatchObject(Object.fromEntries(all))
})
