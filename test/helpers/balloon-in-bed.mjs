// Boots a Linux guest that fills memory and frees it, asks it for more by its balloon, and tells what the host backed at each step.
//
//   node balloon-in-bed.mjs KERNEL INITRD

import {setTimeout as sleep} from 'node:timers/promises'
import {Machine} from '../../dist/index.js'

const MIB = 2 ** 20
const FILE_MIB = 96
const BALLOON_BYTES = 64 * MIB
const MOST_MS = 500_000
const FILL = `
dd if=/dev/urandom of=/file bs=1M count=${FILE_MIB} 2>/dev/null
echo is full
read -r answer
rm /file
echo is empty
read -r answer
`
const [kernel, initrd] = process.argv.slice(2)
const append = `quiet hv.do=${Buffer.from(FILL).toString('base64')}`
const machine = Machine.create({kernel, initrd, append, memoryBytes: 256 * MIB, timeoutMs: MOST_MS})
let text = ''
machine.stdout.on('data', (chunk) => {
  text += chunk
})
const isSaid = (what) => () => text.includes(what)

/** @returns what the machine uses when `isThere` says so of it */
async function when(isThere) {
  try {
    for (let beganMs = Date.now(); Date.now() - beganMs < MOST_MS; await sleep(200)) {
      const usage = await machine.stats()
      if (isThere(usage)) return usage
    }
  } catch (cause) {
    throw new Error(`the machine has ended: ${text}`, {cause})
  }
  throw new Error(`it does not come: ${text}`)
}

const full = await when(isSaid('is full'))
machine.stdin.write('\n')
const reported = await when((usage) => usage.memoryBytes < full.memoryBytes - (FILE_MIB / 2) * MIB)
machine.setBalloon(BALLOON_BYTES)
const inflated = await when((usage) => usage.balloonBytes === BALLOON_BYTES)
machine.setBalloon(0)
const deflated = await when((usage) => usage.balloonBytes === 0)
machine.stdin.write('\n')
const {exitCode, stats} = await machine.wait()
console.log(JSON.stringify({full, reported, inflated, deflated, exitCode, stats}))
