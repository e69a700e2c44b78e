// Sandbox's readOnly and tmpfs: what a guest may still write to, and how much.

import {mkdtempSync, readdirSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {Sandbox} from '../../dist/index.js'
import {BUSYBOX, places} from './guests.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hv-read-only-'))
})
afterAll(() => rmSync(folder, {recursive: true}))

describe.each(places)('on $platform, in a $isolation', (place) => {
  test('a root that is read-only is not changed in any way; volumes that are rw and tmpfs are', async () => {
    await using sandbox = await Sandbox.create({
      ...place,
      readOnly: true,
      volumes: [{host: folder, guest: '/w', writable: true}],
      tmpfs: [{guest: '/run/mine', mode: 0o700}],
    })
    const script = `
      for path in / /tmp /bin /run; do echo x > $path/x; done
      rm /bin/busybox; mv /tmp /t; chmod 700 /; mkdir /d; ln -s a /l; mknod /n p; touch /tmp
      echo x > /w/$0; echo x > /run/mine/x; echo x > /dev/shm/x; ls -d /w/$0 /run/mine/x /dev/shm/x`
    const name = `${place.platform}-${place.isolation}`
    const {stdout, stderr} = await sandbox.run(BUSYBOX, ['sh', '-c', script, name])
    expect(stdout).toBe(`/dev/shm/x\n/run/mine/x\n/w/${name}\n`)
    const lines = stderr.trimEnd().split('\n')
    expect(lines).toHaveLength(11)
    for (const line of lines) expect(line).toMatch(/Read-only file system$/)
    expect(readdirSync(folder)).toContain(name)
    await expect(sandbox.files.write('/x', 'x')).rejects.toThrow(/read-only/)
    await sandbox.files.write('/run/mine/y', 'y')
  })
})

test('a tmpfs hides what was there, has its size and mode, and one inside of a volume lies on top', async () => {
  await using sandbox = await Sandbox.create({
    volumes: [{host: '/etc', guest: '/run/etc'}],
    tmpfs: [
      {guest: '/run/etc/default', maxBytes: 65536, mode: 0o750},
      {guest: '/run', mode: 0o711},
    ],
  })
  const script =
    'ls /run /run/etc/default; stat -c %a /run /run/etc/default; head -c 99999 /dev/zero > /run/etc/default/x; stat -c %s /run/etc/default/x'
  const {stdout} = await sandbox.run(BUSYBOX, ['sh', '-c', script])
  expect(stdout).toBe('/run:\netc\n\n/run/etc/default:\n711\n750\n65536\n')
})

test('a place in a volume that lacks it, or in /proc, is refused', async () => {
  const volumes = [{host: folder, guest: '/w'}]
  for (const guest of ['/w/none', '/proc/x', '/'])
    await expect(Sandbox.create({volumes, tmpfs: [{guest}]})).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
})
