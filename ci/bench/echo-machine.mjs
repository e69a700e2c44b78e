// Runs in a bed: a kernel's machine, by the library, and an echo on one of the host's vsock ports; the console goes to stdout.
//
//   node ci/bench/echo-machine.mjs KERNEL INITRD MEBIBYTES APPEND DISK PORT

import {Machine} from '../../dist/index.js'

const [kernel, initrd, mebibytes, append, disk, port] = process.argv.slice(2)
const machine = Machine.create({
  ...{kernel, initrd, append, memoryBytes: mebibytes * 2 ** 20},
  disks: [{path: disk, readOnly: true}],
})
machine.stdout.pipe(process.stdout)
machine.listen(Number(port), (stream) => {
  stream.on('error', () => {})
  // The first byte of a connection says what it is for (ci/bench/io.c); here it is always a round trip.
  stream.once('data', (bytes) => {
    if (bytes.length > 1) stream.write(bytes.subarray(1))
    stream.pipe(stream)
  })
})
await machine.wait()
