// tarIn and tarOut: other programs' archives, hv's own, and hostile ones.

import {execFileSync} from 'node:child_process'
import {randomBytes} from 'node:crypto'
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Readable} from 'node:stream'
import {buffer} from 'node:stream/consumers'
import {gzipSync} from 'node:zlib'
import {type Header, pack} from 'tar-stream'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {Sandbox} from '../../dist/index.js'
import {isolations, sh} from './guests.ts'

const MIB = 1 << 20
const failure = (errno: string) => ({code: 'FILE_FAILED', errno})
const REFUSED = {code: 'BAD_ARGUMENT'}

type Entry = Partial<Header> & {name: string; content?: string}

function archive(...entries: Entry[]): Promise<Buffer> {
  const made = pack()
  for (const {content, ...header} of entries) made.entry(header, content ?? '')
  made.finalize()
  return buffer(Readable.from(made))
}

/** Sets the first header's type, with a new checksum. */
function withType(bytes: Buffer, type: string): Buffer {
  bytes.write(type, 156)
  bytes.write('        ', 148)
  const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return bytes
}

describe.each(isolations)('in a %s', (isolation) => {
  let sandbox: Sandbox
  let host: string
  let count = 0
  const fresh = (): string => `/tmp/${++count}`
  beforeAll(async () => {
    host = mkdtempSync(join(tmpdir(), 'hv-tar-'))
    mkdirSync(join(host, 'volume'))
    const volumes = [{host: join(host, 'volume'), guest: '/work', writable: true}]
    sandbox = await Sandbox.create({isolation, memoryBytes: 128 * MIB, volumes})
    mkdirSync(join(host, 'in/deep/er'), {recursive: true})
    writeFileSync(join(host, 'in/deep/er/file'), 'content', {mode: 0o755})
    writeFileSync(join(host, 'in/grüße'), Buffer.alloc(3 * MIB, 7))
    writeFileSync(join(host, 'in/empty'), '')
    symlinkSync('deep/er', join(host, 'in/link'))
    execFileSync('tar', ['-cf', join(host, 'in.tar'), '-C', join(host, 'in'), '.'])
  })
  afterAll(async () => {
    await sandbox.dispose()
    rmSync(host, {recursive: true})
  })

  test.each(['/tmp', '/work'])(
    "an archive of the host's tar goes in below %s, and comes out for it",
    async (where) => {
      const at = `${where}${fresh()}`
      await sandbox.files.tarIn(at, readFileSync(join(host, 'in.tar')))
      const {stdout} = await sandbox.run(...sh(`cd ${at}; find . | sort; cat link/file; wc -c < grüße`))
      expect(stdout.trim().split('\n')).toEqual([
        ...['.', './deep', './deep/er', './deep/er/file', './empty', './grüße', './link'],
        `content${3 * MIB}`,
      ])
      const out = await buffer(sandbox.files.tarOut(at))
      mkdirSync(join(host, `out${count}`))
      execFileSync('tar', ['-xf', '-', '-C', join(host, `out${count}`)], {input: out})
      execFileSync('diff', ['-r', '--no-dereference', join(host, 'in'), join(host, `out${count}`)])
      const [was, is] = ['in', `out${count}`].map((each) => statSync(join(host, each, 'deep/er/file')))
      expect([is.mode, Math.floor(is.mtimeMs / 1e3)]).toEqual([was.mode, Math.floor(was.mtimeMs / 1e3)])
    },
  )

  test.each(['gnu', 'pax', 'ustar'])(
    'names that are not UTF-8 go in and come out, from %s',
    async (format) => {
      const from = join(host, `bytes-${format}`)
      const long = format === 'ustar' ? '' : 'l'.repeat(150)
      const named = (name: string) => Buffer.concat([Buffer.from(`${from}/`), Buffer.from(name, 'latin1')])
      mkdirSync(from)
      mkdirSync(named('d\xff'))
      writeFileSync(named(`d\xff/f\xe9${long}`), 'content')
      symlinkSync(Buffer.from(`t\xfe${long}`, 'latin1'), named(`l\xfd`))
      linkSync(named(`d\xff/f\xe9${long}`), named('h\xfc'))
      const input = execFileSync('tar', ['-cf', '-', `--format=${format}`, '-C', from, '.'])
      const at = fresh()
      await sandbox.files.tarIn(at, input)
      const {stdout} = await sandbox.run(...sh(`cd ${at}; find . | sort; readlink l*; cat h*`), {
        encoding: 'buffer',
      })
      expect(Buffer.from(stdout).toString('latin1').split('\n')).toEqual([
        ...['.', './d\xff', `./d\xff/f\xe9${long}`, './h\xfc', './l\xfd', `t\xfe${long}`, 'content'],
      ])
      const out = join(host, `bytes-out-${format}`)
      mkdirSync(out)
      execFileSync('tar', ['-xf', '-', '-C', out], {input: await buffer(sandbox.files.tarOut(at))})
      execFileSync('diff', ['-r', '--no-dereference', from, out])
    },
  )

  test('a stream in small chunks goes in as it comes', async () => {
    const [at, bytes] = [fresh(), readFileSync(join(host, 'in.tar')).subarray(0, 40 * 1024)]
    const small = await archive({name: 'a', content: 'x'.repeat(30_000)}, {name: 'b', content: 'y'})
    const chunks = Array.from({length: Math.ceil(small.length / 100)}, (_, i) =>
      small.subarray(i * 100, i * 100 + 100),
    )
    await sandbox.files.tarIn(at, Readable.from(chunks))
    expect(await sandbox.files.read(`${at}/a`)).toHaveLength(30_000)
    await expect(sandbox.files.tarIn(fresh(), bytes)).rejects.toMatchObject(REFUSED)
  })

  test('hard links, replaced files, absolute names and missing directories are as with tar', async () => {
    const at = fresh()
    await sandbox.files.makeDirectory(at)
    await sandbox.run(...sh(`cd ${at}; echo out > ../outside; ln -s ../outside f; mkdir d`))
    const entries: Entry[] = [
      {name: 'f', content: 'new', mode: 0o4751},
      {name: './h', type: 'link', linkname: './f'},
      {name: '/abs/x/y', content: 'abs'},
      {name: 'd/', type: 'directory', mode: 0o500, mtime: new Date(1e12)},
      {name: 'd/in', content: 'in'},
    ]
    await sandbox.files.tarIn(at, await archive(...entries))
    const {files} = sandbox
    expect(
      await Promise.all([`${at}/h`, `${at}/abs/x/y`, '/tmp/outside'].map((path) => files.read(path))),
    ).toEqual(['new', 'abs', 'out\n'])
    expect(await files.stat(`${at}/f`)).toMatchObject({kind: 'file', mode: 0o751})
    expect(await files.stat(`${at}/d`)).toMatchObject({mode: 0o500, modifiedAt: new Date(1e12)})
  })

  test.each<[string, Entry[], object]>([
    ['leads up', [{name: 'a/../../x', content: 'x'}], REFUSED],
    ['links up', [{name: 'l', type: 'link', linkname: '../etc'}], REFUSED],
    [
      'goes by its own link',
      [
        {name: 'l', type: 'symlink', linkname: '/tmp'},
        {name: 'l/x', content: 'x'},
      ],
      failure('ELOOP'),
    ],
    [
      'makes a directory of its link',
      [
        {name: 'l', type: 'symlink', linkname: '/tmp'},
        {name: 'l/', type: 'directory'},
      ],
      failure('ELOOP'),
    ],
    [
      'links by its link',
      [
        {name: 'l', type: 'symlink', linkname: '/'},
        {name: 'h', type: 'link', linkname: 'l/bin/busybox'},
      ],
      failure('ELOOP'),
    ],
    ['links to nothing', [{name: 'h', type: 'link', linkname: 'none'}], failure('ENOENT')],
    ['has a device', [{name: 'null', type: 'character-device', devmajor: 1, devminor: 3}], REFUSED],
    ['has a fifo', [{name: 'p', type: 'fifo'}], REFUSED],
    ['has holes', [{name: 's', pax: {'GNU.sparse.major': '1'}, content: 'x'}], REFUSED],
    [
      'puts a file where a directory is',
      [
        {name: 'd', type: 'directory'},
        {name: 'd', content: 'x'},
      ],
      failure('EISDIR'),
    ],
    ['has a name that is too long', [{name: 'n'.repeat(300), content: 'x'}], failure('ENAMETOOLONG')],
    ['has a path that is too long', [{name: 'n/'.repeat(3000), type: 'directory'}], failure('ENAMETOOLONG')],
  ])('an archive that %s does no harm', async (_, entries, expected) => {
    const at = fresh()
    await expect(sandbox.files.tarIn(at, await archive(...entries))).rejects.toMatchObject(expected)
    expect(await sandbox.files.exists('/tmp/x')).toBe(false)
  })

  test('what is no archive, or not whole, is refused in one line', async () => {
    const whole = await archive({name: 'a', content: randomBytes(5000).toString('hex')})
    const bad: [Uint8Array, RegExp][] = [
      [gzipSync(whole), /cannot be used: Invalid tar header/],
      [whole.subarray(0, 3000), /Unexpected end of data/],
      [whole.map((byte, at) => (at < 512 ? byte ^ 1 : byte)), /Invalid tar header/],
    ]
    for (const [bytes, message] of bad) {
      const error = await sandbox.files.tarIn(fresh(), bytes).catch((thrown) => thrown)
      expect(error).toMatchObject(REFUSED)
      expect(error.message).toMatch(message)
      expect(error.message).not.toContain('\n')
    }
    await sandbox.files.tarIn(fresh(), new Uint8Array(1024))
    const small = Array.from({length: 50}, () => randomBytes(1000))
    await expect(sandbox.files.tarIn(fresh(), Readable.from(small))).rejects.toThrow('Invalid tar header')
  })

  test('a header that says it is eight gigabytes long is not waited for', async () => {
    const long = await archive({name: 'a', content: 'x'})
    long.write('77777777777', 124)
    withType(long, 'x')
    await expect(sandbox.files.tarIn(fresh(), long)).rejects.toThrow('exceeds max size')
  })

  test('headers without end are refused before they take long', async () => {
    const many = Object.fromEntries(Array.from({length: 50_000}, (_, index) => [`key${index}`, 'x']))
    const long = await archive({name: 'a', pax: many, content: 'x'})
    await expect(sandbox.files.tarIn(fresh(), long)).rejects.toThrow('its headers are too long')
    // Global headers, then headers of entries that never come.
    const global = await archive({name: 'a', pax: Object.fromEntries(Object.entries(many).slice(0, 9000))})
    const header = (await archive({name: 'ü', content: ''})).subarray(0, 1024)
    const all = Buffer.concat([withType(global.subarray(0, -1536), 'g'), ...Array(300).fill(header)])
    const start = performance.now()
    await expect(sandbox.files.tarIn(fresh(), all)).rejects.toThrow('its headers are too long')
    // It would take minutes if all were joined.
    expect(performance.now() - start).toBeLessThan(stepMs('command'))
  })

  test('a time that is none is 1970', async () => {
    const whole = await archive({name: 'a', content: 'x'})
    whole.write('zzzzzzzzzzz', 136)
    const at = fresh()
    await sandbox.files.tarIn(at, withType(whole, '0'))
    expect((await sandbox.files.stat(`${at}/a`)).modifiedAt).toEqual(new Date(0))
  })

  test('zeros without end are the end', async () => {
    const whole = await archive({name: 'a', content: 'x'})
    const at = fresh()
    await sandbox.files.tarIn(at, Buffer.concat([whole, Buffer.alloc(2 * MIB)]))
    expect(await sandbox.files.read(`${at}/a`)).toBe('x')
  })

  test('a source that fails, or is of no use any more, is let go', async () => {
    const breaks = Readable.from(
      (async function* () {
        yield await archive({name: 'a', content: 'x'}).then((bytes) => bytes.subarray(0, 512))
        throw new Error('mine')
      })(),
    )
    await expect(sandbox.files.tarIn(fresh(), breaks)).rejects.toThrow('mine')
    const source = new Readable({read() {}})
    source.push(await archive({name: '../a'}))
    await expect(sandbox.files.tarIn(fresh(), source)).rejects.toMatchObject(REFUSED)
    expect(source.destroyed).toBe(true)
    await expect(sandbox.files.tarIn(fresh(), ['x'] as never)).rejects.toMatchObject(REFUSED)
    await expect(sandbox.files.tarIn('/bin/busybox', new Uint8Array(0))).rejects.toMatchObject(
      failure('EEXIST'),
    )
  })

  test('an archive of more than the memory holds is ENOSPC', async () => {
    const small = await Sandbox.create({isolation, memoryBytes: 8 * MIB})
    const large = await archive({name: 'a', content: 'x'.repeat(16 * MIB)})
    await expect(small.files.tarIn('/tmp', large)).rejects.toMatchObject(failure('ENOSPC'))
    await small.dispose()
  })

  test('what comes out has no special files, and each content is as long as its header says', async () => {
    const at = fresh()
    await sandbox.run(
      ...sh(`mkdir -p ${at}/d; cd ${at}; mkfifo p; echo hi > d/f; ln -s /etc/passwd s; : > e`),
    )
    const child = sandbox.spawn(...sh(`cd ${at}; while :; do echo more >> grows; done`))
    while (!(await sandbox.files.exists(`${at}/grows`)))
      await new Promise((resolve) => setTimeout(resolve, 5))
    const out = await buffer(sandbox.files.tarOut(at))
    child.kill('SIGKILL')
    await child.wait()
    const names = execFileSync('tar', ['-tvf', '-'], {input: out, encoding: 'utf8'})
    expect(names.match(/\S+( -> \S+)?$/gm)?.sort()).toEqual(['d/', 'd/f', 'e', 'grows', 's -> /etc/passwd'])
  })

  test('headers that nobody takes wait, and a stream that is left ends', async () => {
    const at = fresh()
    await sandbox.run(...sh(`mkdir ${at}; cd ${at}; for i in $(seq 3000); do : > $i; done`))
    const out = sandbox.files.tarOut(at)
    await new Promise((resolve) => out.once('readable', resolve))
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(out.readableLength).toBeLessThan(MIB)
    for await (const _ of out) break
    expect((await buffer(sandbox.files.tarOut(at))).length).toBe(3000 * 512 + 1024)
    await expect(buffer(sandbox.files.tarOut('/tmp/none'))).rejects.toMatchObject(failure('ENOENT'))
    await expect(buffer(sandbox.files.tarOut('/bin/busybox'))).rejects.toMatchObject(failure('ENOTDIR'))
  })
})
