// Sandbox.spawn with a terminal: what an owner does to it, and what a program does to its owner through it.

import {createHash} from 'node:crypto'
import {once} from 'node:events'
import {text} from 'node:stream/consumers'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {Sandbox} from '../../dist/index.js'
import {BUSYBOX, places, sh} from './guests.ts'

const MIB = 1 << 20
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe.each(places)('on $platform, in a $isolation', ({platform, isolation}) => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await Sandbox.create({platform, isolation})
  })
  afterAll(() => sandbox.dispose())

  test('its streams are one terminal that controls its session, which it leads', async () => {
    const look = 'tty; echo $TERM; stty size; read a b c d group session tty foreground rest < /proc/$$/stat'
    const script = `${look}; for each in $group $session $foreground; do [ $each = $$ ] && echo own; done; echo $tty; echo err >&2`
    const child = sandbox.spawn(...sh(script), {pty: {columns: 100, rows: 7}})
    expect(await text(child.stdout)).toBe(
      '/dev/pts/0 xterm 7 100 own own own 34816 err '.replaceAll(' ', '\r\n').replace('7\r\n100', '7 100'),
    )
    expect(await text(child.stderr)).toBe('')
    expect(await child.wait()).toMatchObject({exitCode: 0})
  })

  test.each([
    [{pty: {}}, 'xterm'],
    [{pty: {name: 'vt100'}}, 'vt100'],
    [{pty: {name: 'vt100'}, env: {TERM: 'linux'}}, 'linux'],
    [{pty: false}, 'dumb'],
  ])('%o names it', async (options, name) => {
    const child = sandbox.spawn(...sh('echo $TERM'), options)
    for await (const line of child) expect(line).toBe(name)
  })

  test('the last size that is set at once is the one that stays; later ones go nowhere', async () => {
    const first = sandbox.spawn(BUSYBOX, ['sleep', '0.1'])
    const script = 'until [ "$(stty size)" = "300 29999" ]; do sleep 0.01; done; echo $(stty size)'
    const child = sandbox.spawn(...sh(script), {pty: true, timeoutMs: 60_000})
    child.resize({columns: 1, rows: 1})
    child.resize({columns: 29_999, rows: 300})
    expect(await text(child.stdout)).toBe('300 29999\r\n')
    await child.wait()
    child.resize({columns: 10, rows: 10})
    expect(() => first.resize({columns: 10, rows: 10})).toThrow('no terminal')
  })

  test('the end of its input is the end of the file for each program that asks, and a key for shells', async () => {
    const child = sandbox.spawn(BUSYBOX, ['sh'], {pty: true, env: {PS1: '$ '}})
    const shown = text(child.stdout)
    child.stdin.end('sleep 0.1; cat; sh; wc -c; exit 7\nunfinished')
    expect(await child.wait()).toMatchObject({exitCode: 7})
    // The key ends the inner shell, as it does for a person.
    expect(await shown).toMatch(/\$ \r\n0\r\n$/)
  })

  test('a program whose input has ended finds what was typed, and then the end', async () => {
    const child = sandbox.spawn(...sh('read line; echo "got $line"; wc -c; wc -c'), {pty: true})
    child.stdin.end('one\ntwo')
    expect((await text(child.stdout)).replace('one\r\ntwo', '')).toBe('got one\r\n3\r\n0\r\n')
  })

  test('one whose output is closed gets SIGHUP', async () => {
    const child = sandbox.spawn(...sh('trap "exit 6" HUP; echo go; while :; do sleep 0.01; done'), {
      pty: true,
    })
    for await (const _ of child.stdout) break
    expect(await child.wait()).toMatchObject({exitCode: 6})
    const plain = sandbox.spawn(BUSYBOX, ['yes'], {pty: true})
    for await (const _ of plain.stdout) break
    expect(await plain.wait()).toMatchObject({signal: 'SIGHUP'})
  })

  test('nobody waits for what a program leaves in its terminal', async () => {
    const child = sandbox.spawn(...sh('sleep 100 & echo bye'), {pty: true})
    expect(await text(child.stdout)).toBe('bye\r\n')
    expect(await child.wait()).toMatchObject({exitCode: 0})
  })

  test('a program waits whose output nobody reads, and ends when it is read', async () => {
    const child = sandbox.spawn(BUSYBOX, ['head', '-c', `${3 * MIB}`, '/dev/zero'], {pty: true})
    await sleep(300)
    expect(child.exitCode).toBeNull()
    let length = 0
    for await (const chunk of child.stdout) length += chunk.length
    expect(length).toBe(3 * MIB)
    expect(await child.wait()).toMatchObject({exitCode: 0})
  })

  test('^C reaches one that waits so', async () => {
    const child = sandbox.spawn(...sh('trap "exit 5" INT; echo go; cat /dev/zero'), {pty: true})
    await once(child.stdout, 'readable')
    await sleep(100)
    child.stdin.write('\x03')
    expect(await child.wait()).toMatchObject({exitCode: 5})
    let length = 0
    for await (const chunk of child.stdout) length += chunk.length
    expect(length).toBeLessThan(2 * MIB)
  })

  test('passes more than a megabyte of raw keys through, unchanged, and holds back who types more', async () => {
    const wait = 'until [ -e /tmp/go ]; do sleep 0.01; done'
    const script = `stty raw -echo; echo go; ${wait}; head -c 1500000 | md5sum`
    const child = sandbox.spawn(...sh(script), {pty: true})
    const bytes = new Uint8Array(1_500_000)
    for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 2654435761) >>> 24
    const [[go]] = [await once(child.stdout, 'data')]
    expect(`${go}`).toContain('go')
    child.stdin.write(bytes)
    await sleep(100)
    expect(child.stdin.writableLength).toBe(bytes.length)
    await sandbox.files.write('/tmp/go', '')
    expect(await text(child.stdout)).toContain(createHash('md5').update(bytes).digest('hex'))
  })

  test.each([
    ['closes it', 'exec <&- >&- 2>&-; sleep 0.3'],
    [
      'opens others',
      'i=0; while [ $i -lt 300 ]; do : 3<>/dev/ptmx || exit 1; eval "exec 4<>/dev/ptmx"; i=$((i+1)); done',
    ],
    [
      'floods it, in vain interrupted',
      'trap : INT WINCH HUP; i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i+1)); done',
    ],
    [
      'sets it anew all the time',
      'i=0; while [ $i -lt 20 ]; do stty raw; stty cols $i; stty sane; i=$((i+1)); done',
    ],
  ])('a program that %s harms nobody', async (_, script) => {
    const child = sandbox.spawn(...sh(script), {pty: true})
    child.stdout.resume()
    let typed = 0
    const timer = setInterval(() => {
      child.resize({columns: 1 + (++typed % 300), rows: 50})
      if (!child.stdin.writableNeedDrain) child.stdin.write(`${'x'.repeat(5000)}\x16\x13\x11\n`)
    }, 1)
    const {exitCode} = await child.wait()
    clearInterval(timer)
    expect(exitCode).toBe(0)
    expect((await sandbox.run(BUSYBOX, ['ls', '/dev/pts'])).stdout).toBe('ptmx\n')
  })
})
