// Starts a guest that spins for ever, over the addon alone: a worker of plain Node, or with `exit` a process that ends itself.

import {createRequire} from 'node:module'
import {fileURLToPath} from 'node:url'
import {parentPort} from 'node:worker_threads'

const native = fileURLToPath(new URL('../../native', import.meta.url))
const addon = createRequire(import.meta.url)('node-gyp-build')(native)

const vm = new addon.Vm(0, {})
const slot = new addon.MemorySlot(vm, {address: 0, bytes: 0x10000, hugePageBytes: 0, file: -1, fileOffset: 0})
const guests = {
  // jmp .
  x64: {code: [0xeb, 0xfe], registers: {'cs.base': 0n, 'cs.selector': 0n, rip: 0x1000n, rflags: 2n}},
  // b .
  arm64: {code: [0x00, 0x00, 0x00, 0x14], registers: {pc: 0x1000n}},
}
const {code, registers} = guests[process.arch]
new Uint8Array(slot.memory).set(code, 0x1000)
const vcpu = new addon.Vcpu(vm, false, false)
const indexes = Object.keys(registers).map((name) => addon.registerNames.indexOf(name))
vcpu.writeRegisters(Uint32Array.from(indexes), BigUint64Array.from(Object.values(registers)))
vcpu.runAsync()

setTimeout(() => {
  parentPort?.postMessage('runs')
  if (process.argv[2] !== 'exit') return
  console.log('runs')
  process.exit(0)
}, 50)
