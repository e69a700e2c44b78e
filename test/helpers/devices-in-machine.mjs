// A ProgramMachine with devices: a disk, a volume, a share and a network card, whose cable leads to this process; and one that cannot fork.

import assert from 'node:assert/strict'
import {mkdirSync, mkdtempSync, readFileSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {Duplex} from 'node:stream'

const ARP = 0x0806
const ARP_BYTES = 42
const TARGET_AT = 38

/** Of the program's machine. */
export function makeDevices() {
  const folder = mkdtempSync(`${tmpdir()}/hv-devices-`)
  for (const name of ['volume', 'share']) {
    mkdirSync(`${folder}/${name}`)
    writeFileSync(`${folder}/${name}/file`, `in the ${name}\n`)
  }
  const disk = Buffer.alloc(1 << 20)
  disk.write('on the disk\n')
  writeFileSync(`${folder}/disk`, disk)
  let sent = Buffer.alloc(0)
  const stream = new Duplex({
    read() {},
    write(bytes, _encoding, done) {
      sent = Buffer.concat([sent, bytes])
      done()
    },
  })
  /** The Ethernet frames that it has sent. */
  function* frames() {
    for (let at = 0; at + 4 <= sent.length; at += 4 + sent.readUInt32BE(at))
      yield sent.subarray(at + 4, at + 4 + sent.readUInt32BE(at))
  }
  const options = {
    disks: [{path: `${folder}/disk`}],
    shares: [{path: `${folder}/share`, tag: 'files'}],
    volumes: [{host: `${folder}/volume`, guest: '/work', writable: true}],
    network: {stream, ip: '10.0.7.2/24', gateway: '10.0.7.1'},
  }
  return {folder, frames, options}
}

/** @type {(devices: ReturnType<typeof makeDevices>) => Record<string, (host: import('../../dist/index.js').ProgramMachine) => Promise<void>>} */
export const deviceCases = ({folder, frames}) => {
  const sh = async (host, script) => {
    const {exitCode, stdout, stderr} = await host.run('sh', ['-c', script])
    assert.equal(exitCode, 0, stderr)
    return stdout
  }
  return {
    'a disk is /dev/vda': async (host) => {
      assert.equal(await sh(host, 'head -n 1 /dev/vda'), 'on the disk\n')
      await sh(host, 'echo written | busybox dd of=/dev/vda bs=512 seek=1 conv=sync && busybox sync')
      assert.equal(readFileSync(`${folder}/disk`).toString('latin1', 512, 520), 'written\n')
    },
    'a volume is there, a share is mounted by a program, and read-only': async (host) => {
      assert.equal(await sh(host, 'cat /work/file; echo answer > /work/answer'), 'in the volume\n')
      assert.equal(readFileSync(`${folder}/volume/answer`, 'latin1'), 'answer\n')
      const mount = 'busybox mkdir /mnt && busybox mount -t virtiofs files /mnt'
      assert.equal(await sh(host, `${mount} && cat /mnt/file`), 'in the share\n')
      assert.notEqual((await host.run('sh', ['-c', 'echo > /mnt/new'])).exitCode, 0)
    },
    'a network card has its address, and sends to its gateway': async (host) => {
      assert.match(await sh(host, 'busybox ifconfig eth0'), /addr:10\.0\.7\.2 /)
      // Of another network; nobody answers.
      await host.run('busybox', ['ping', '-c', '1', '-W', '1', '10.0.9.9'])
      const asked = [...frames()]
        .filter((frame) => frame.length >= ARP_BYTES && frame.readUInt16BE(12) === ARP)
        .map((frame) => [...frame.subarray(TARGET_AT, TARGET_AT + 4)].join('.'))
      assert.ok(asked.includes('10.0.7.1'), `${asked}`)
    },
    'a program that the machine has no room for ends with an errno, and the next one runs': async (host) => {
      const limit = '/proc/sys/kernel/threads-max'
      const script = `echo 1 > ${limit}; echo full; read line; echo 1000 > ${limit}; echo again; read line`
      const shell = host.spawn('sh', ['-c', script])
      const lines = shell[Symbol.asyncIterator]()
      assert.equal((await lines.next()).value, 'full')
      await assert.rejects(host.run('cat'), {code: 'SANDBOX_FULL', message: /\(EAGAIN\)/})
      shell.stdin.write('line\n')
      assert.equal((await lines.next()).value, 'again')
      assert.equal((await host.run('sh', ['-c', 'echo here'])).stdout, 'here\n')
      shell.stdin.end()
      await shell.wait()
    },
  }
}
