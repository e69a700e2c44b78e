// Restores a saved VM, lets its first vCPU run until it stops or for a while, tells what it did, and saves it again.
//
//   node restored.mjs FILE ADDRESS BYTES [FILE]

import {Vm} from '../../dist/index.js'

const [from, address, bytes, to] = process.argv.slice(2)
const RUN_MS = 100

const vm = Vm.restore(from)
const [vcpu] = vm.vcpus
const before = [...vm.memory.read(Number(address), Number(bytes))]
const exit = await vcpu.runAsync(AbortSignal.timeout(to === undefined ? 60_000 : RUN_MS))
const after = [...vm.memory.read(Number(address), Number(bytes))]
if (to !== undefined) vm.save(to)
vm[Symbol.dispose]()
console.log(JSON.stringify({kind: exit.kind, before, after}))
