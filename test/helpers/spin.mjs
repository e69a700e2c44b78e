// Starts a guest that spins for ever, over the addon alone: a worker of plain Node, or with `exit` a process that ends itself.

import {createRequire} from 'node:module'
import {fileURLToPath} from 'node:url'
import {parentPort} from 'node:worker_threads'

const native = fileURLToPath(new URL('../../native', import.meta.url))
const addon = createRequire(import.meta.url)('node-gyp-build')(native)

const vm = new addon.Vm(0, 0x10000, 0)
new Uint8Array(vm.memory).set([0xeb, 0xfe], 0x1000)
const vcpu = new addon.Vcpu(vm, false, false)
const index = (name) => addon.registerNames.indexOf(name)
const indexes = Uint32Array.of(index('cs.base'), index('cs.selector'), index('rip'), index('rflags'))
vcpu.writeRegisters(indexes, BigUint64Array.of(0n, 0n, 0x1000n, 2n))
vcpu.runAsync()

setTimeout(() => {
  parentPort?.postMessage('runs')
  if (process.argv[2] !== 'exit') return
  console.log('runs')
  process.exit(0)
}, 50)
