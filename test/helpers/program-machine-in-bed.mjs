// Runs cases over a ProgramMachine, and tells the outcome of each.
//
//   node program-machine-in-bed.mjs alike|hostile|devices|full KERNEL MODULES BUSYBOX DEBIAN

import {ProgramMachine} from '../../dist/index.js'
import {deviceCases, makeDevices} from './devices-in-machine.mjs'
import {fullCases} from './full-in-machine.mjs'
import {hostileCases} from './hostile-in-machine.mjs'
import {cases, makeTree} from './program-host.mjs'

const [which, kernel, modules, busybox, debian] = process.argv.slice(2)
const devices = which === 'devices' ? makeDevices() : undefined
const machine = await ProgramMachine.create({
  ...{kernel, modules, root: makeTree(busybox), user: '1000:1000', memoryBytes: 256 << 20},
  volumes: [{host: debian, guest: '/debian'}],
  append: 'panic=-1',
  ...(devices && {...devices.options, user: '0:0'}),
  ...(which === 'full' && {user: '0:0', memoryBytes: 128 << 20}),
})
const chosen = devices ? deviceCases(devices) : {alike: cases, hostile: hostileCases, full: fullCases}[which]
const outcomes = {}
for (const [name, act] of Object.entries(chosen)) {
  console.error(name)
  outcomes[name] = await act(machine).then(
    () => 'passed',
    (error) => String(error?.stack ?? error),
  )
}
await machine.dispose()
console.log(JSON.stringify(outcomes))
