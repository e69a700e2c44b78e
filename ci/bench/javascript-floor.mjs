// The floor under every sentry in JavaScript: nanoseconds of a loop that does nothing but call KVM_RUN through the addon.
//
// ci/bundle-script.mjs bundles it. Its argument: milliseconds.

import {addon} from '../../src/addon.ts'
import {arch} from '../../src/arch/index.ts'
import {KvmPlatform} from '../../src/platform/kvm/kvm.ts'
import {EVENT_SYSCALL, PAGE_SIZE, PROT_EXEC, PROT_READ} from '../../src/platform/platform.ts'
import {median} from './measure.mjs'

const MEMORY_BYTES = 16 << 20
const CODE_ADDRESS = 0x10000
const BATCH_CALLS = 100
const NS_PER_MS = 1e6

const milliseconds = Number(process.argv[2] ?? 1000)
const platform = new KvmPlatform(MEMORY_BYTES)
const space = platform.createSpace()
const code = platform.memory.allocate(PAGE_SIZE)
platform.memory.bytes.set(arch.callLoop, code)
space.map(CODE_ADDRESS, PAGE_SIZE, code, PROT_READ | PROT_EXEC)
space.commit()
const context = platform.createContext()
context.writeRegisters(arch.initialRegisters(CODE_ADDRESS, 0))
platform.resume(context, space)
if (platform.wait(addon.monotonicNs() + 1e9) !== EVENT_SYSCALL) throw new Error('the guest made no call')

const {native} = context
// The shim rings once, and each later run answers it.
const batchNs = []
const endNs = addon.monotonicNs() + milliseconds * NS_PER_MS
for (let startNs = addon.monotonicNs(); startNs < endNs; ) {
  for (let i = 0; i < BATCH_CALLS; i++) native.run()
  const stopNs = addon.monotonicNs()
  batchNs.push(stopNs - startNs)
  startNs = stopNs
}
console.log((median(batchNs) / BATCH_CALLS).toFixed(1))
