// Runs cases over a ProgramMachine, and tells the outcome of each.
//
//   node program-machine-in-bed.mjs alike|hostile KERNEL MODULES BUSYBOX DEBIAN

import {ProgramMachine} from '../../dist/index.js'
import {hostileCases} from './hostile-in-machine.mjs'
import {cases, makeTree} from './program-host.mjs'

const [which, kernel, modules, busybox, debian] = process.argv.slice(2)
const machine = await ProgramMachine.create({
  ...{kernel, modules, root: makeTree(busybox), user: '1000:1000', memoryBytes: 256 << 20},
  volumes: [{host: debian, guest: '/debian'}],
  append: 'panic=-1',
})
const outcomes = {}
for (const [name, act] of Object.entries(which === 'hostile' ? hostileCases : cases)) {
  console.error(name)
  outcomes[name] = await act(machine).then(
    () => 'passed',
    (error) => String(error?.stack ?? error),
  )
}
await machine.dispose()
console.log(JSON.stringify(outcomes))
