// Snapshots a Linux guest that counts on its console and on its disk, or lets one go on from there, and tells what it counted.
//
//   node snapshot-in-bed.mjs save KERNEL INITRD DISK SNAPSHOT      copies the disk to DISK.copy, too
//   node snapshot-in-bed.mjs restore SNAPSHOT DISK

import {cpSync, readFileSync, truncateSync, writeFileSync} from 'node:fs'
import {Machine} from '../../dist/index.js'

const COUNT = `
trap '' HUP
n=0
while true; do
  n=$((n + 1))
  printf '%08d' $n | dd of=/dev/vdi bs=8 count=1 conv=notrunc,fsync 2>/dev/null
  echo "count $n uptime $(cut -d. -f1 /proc/uptime)"
  usleep 100000
done
`
const MOST_MS = 500_000
/** On x86_64, the ninth disk then shares its interrupt with the first. */
const OTHERS = Array.from({length: 8}, (_, index) => `/tmp/other${index}`)
const [what, ...args] = process.argv.slice(2)

/** Reads its console until it has counted to `last`. @returns the lines that count */
async function counted(machine, last) {
  let text = ''
  for await (const chunk of machine.stdout.iterator({destroyOnReturn: false})) {
    text += chunk
    const counts = [...text.matchAll(/count (\d+) uptime (\d+)/g)].map(([, n, s]) => [Number(n), Number(s)])
    if (counts.length > 0 && counts.at(-1)[0] >= last(counts[0][0])) return counts
  }
  throw new Error(`the machine ended: ${text}`)
}

if (what === 'save') {
  const [kernel, initrd, disk, snapshot] = args
  for (const path of OTHERS) {
    writeFileSync(path, '')
    truncateSync(path, 4096)
  }
  const append = `quiet hv.do=${Buffer.from(COUNT).toString('base64')}`
  const machine = Machine.create({
    ...{kernel, initrd, append, cpus: 2, memoryBytes: 256 << 20, timeoutMs: MOST_MS},
    disks: [...OTHERS, disk].map((path) => ({path})),
  })
  const counts = await counted(machine, () => 5)
  await machine.pause()
  await machine.snapshot(snapshot)
  cpSync(disk, `${disk}.copy`, {preserveTimestamps: true})
  machine.kill()
  await machine.wait()
  console.log(JSON.stringify({last: counts.at(-1)}))
} else {
  const [snapshot, disk] = args
  const machine = Machine.restore(snapshot, {disks: [...OTHERS, disk], timeoutMs: MOST_MS})
  const counts = await counted(machine, (first) => first + 3)
  machine.kill()
  await machine.wait()
  console.log(JSON.stringify({counts, disk: Number(readFileSync(disk, 'utf8').slice(0, 8))}))
}
