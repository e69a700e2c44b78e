// Restores a saved VM, lets its first vCPU run until it stops or has stored something, tells what it did, and saves it again.
//
//   node restored.mjs FILE ADDRESS BYTES [FILE]

import {Vm} from '../../dist/index.js'

const [from, address, bytes, to] = process.argv.slice(2)
/** A busy machine may not let it begin in one of these. */
const RUN_MS = 100

const vm = Vm.restore(from)
const [vcpu] = vm.vcpus
const read = () => [...vm.memory.read(Number(address), Number(bytes))]
const before = read()
const run = () => vcpu.runAsync(AbortSignal.timeout(to === undefined ? 60_000 : RUN_MS))
let exit = await run()
while (to !== undefined && exit.kind === 'interrupted' && `${read()}` === `${before}`) exit = await run()
const after = read()
if (to !== undefined) vm.save(to)
vm[Symbol.dispose]()
console.log(JSON.stringify({kind: exit.kind, before, after}))
