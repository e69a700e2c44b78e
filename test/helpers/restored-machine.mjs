// Lets a machine go on from a snapshot with some input, until it ends, and tells what it wrote and how it ended.
//
//   node restored-machine.mjs SNAPSHOT INPUT

import {Machine} from '../../dist/index.js'

const [snapshot, input] = process.argv.slice(2)
const machine = Machine.restore(snapshot)
machine.stdin.write(input)
let output = ''
for await (const chunk of machine.stdout) output += chunk
const {exitCode} = await machine.wait()
console.log(JSON.stringify({output, exitCode}))
