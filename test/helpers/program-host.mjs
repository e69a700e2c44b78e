// The suite of ProgramHost: what programs, files and streams do alike in a Sandbox and in a ProgramMachine, each case with a host of either kind.

import assert from 'node:assert/strict'
import {execFileSync} from 'node:child_process'
import {chmodSync, mkdirSync, mkdtempSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as later} from 'node:timers/promises'

/** A new tree with a static busybox at /bin. @param {string} busybox */
export function makeTree(busybox) {
  const tree = mkdtempSync(join(tmpdir(), 'hv-program-host-'))
  // It is not root that its programs run as.
  chmodSync(tree, 0o755)
  mkdirSync(`${tree}/bin`)
  execFileSync('cp', ['-L', busybox, `${tree}/bin/busybox`])
  for (const applet of ['sh', 'cat', 'id', 'sleep', 'stty', 'head', 'wc', 'seq'])
    execFileSync('ln', ['-s', 'busybox', `${tree}/bin/${applet}`])
  return tree
}

const sh = (host, script, options) => host.run('sh', ['-c', script], options)

/** @type {Record<string, (host: import('../../dist/index.js').ProgramHost) => Promise<void>>} */
export const cases = {
  'a program has its streams, and its exit status': async (host) => {
    const {exitCode, signal, stdout, stderr, timedOut} = await sh(host, 'cat; echo wrong >&2; exit 7', {
      stdin: 'words\n',
    })
    assert.deepEqual(
      {exitCode, signal, stdout, stderr, timedOut},
      {exitCode: 7, signal: null, stdout: 'words\n', stderr: 'wrong\n', timedOut: false},
    )
  },
  'its input may be a stream, and its output bytes': async (host) => {
    async function* pieces() {
      for (let at = 0; at < 100; at++) yield 'a'.repeat(10_000)
    }
    const {stdout} = await host.run('wc', ['-c'], {stdin: pieces(), encoding: 'buffer'})
    assert.equal(Buffer.from(stdout).toString(), '1000000\n')
  },
  'an input that fails ends it, with the same error': async (host) => {
    // biome-ignore lint/correctness/useYield: it fails first
    async function* failing() {
      throw new Error('no more')
    }
    await assert.rejects(host.run('cat', [], {stdin: failing()}), /no more/)
  },
  'a signal that ends it has a name': async (host) => {
    const {exitCode, signal} = await sh(host, 'kill -TERM $$')
    assert.deepEqual([exitCode, signal], [null, 'SIGTERM'])
  },
  'it has its environment, its directory, and the user of its host': async (host) => {
    const {stdout} = await sh(host, 'echo $NAME; pwd; id -u', {env: {NAME: 'value'}, cwd: '/bin'})
    assert.equal(stdout, `value\n/bin\n1000\n`)
  },
  'one that is not there is NOT_FOUND, and a directory that is not there BAD_ARGUMENT': async (host) => {
    await assert.rejects(host.run('nosuch'), {code: 'NOT_FOUND'})
    await assert.rejects(sh(host, '', {cwd: '/nosuch'}), {code: 'BAD_ARGUMENT'})
    await assert.rejects(sh(host, '', {nosuch: 1}), {code: 'BAD_ARGUMENT'})
  },
  'output beyond maxOutputBytes is not kept': async (host) => {
    const {stdout, outputTruncated} = await host.run('seq', ['1000'], {maxOutputBytes: 4})
    assert.deepEqual([stdout, outputTruncated], ['1\n2\n', true])
  },
  'a terminal has its size, and changes it': async (host) => {
    const shell = host.spawn('sh', ['-c', 'stty size; read key; stty size; exit 3'], {
      pty: {columns: 90, rows: 40},
    })
    const lines = []
    for await (const line of shell) {
      lines.push(line)
      if (lines.length > 1) continue
      shell.resize({columns: 100, rows: 50})
      shell.stdin.write('key\n')
    }
    assert.deepEqual(lines, ['40 90', 'key', '50 100'])
    assert.equal((await shell.wait()).exitCode, 3)
  },
  'two run at once, and speak in turn': async (host) => {
    const [one, other] = [host.spawn('cat'), host.spawn('cat')]
    for (const [child, text] of [
      [one, 'one'],
      [other, 'other'],
    ]) {
      child.stdin.write(`${text}\n`)
      for await (const line of child.stdout.iterator({destroyOnReturn: false})) {
        assert.equal(String(line), `${text}\n`)
        break
      }
    }
    assert.notEqual(one.pid, undefined)
    assert.notEqual(one.pid, other.pid)
    one.stdin.end()
    other.kill()
    assert.deepEqual([(await one.wait()).exitCode, (await other.wait()).signal], [0, 'SIGTERM'])
  },
  'a time-out ends it, and what it has started': async (host) => {
    const {exitCode, signal, timedOut} = await sh(host, 'sleep 100 & sleep 100', {timeoutMs: 500})
    assert.deepEqual([exitCode, signal, timedOut], [null, null, true])
    const {stdout} = await sh(host, 'cat /proc/[0-9]*/cmdline')
    assert.doesNotMatch(stdout, /sleep/)
  },
  'a signal of its caller aborts it': async (host) => {
    const aborting = new AbortController()
    const run = sh(host, 'echo begun; echo > /tmp/begun; sleep 100', {signal: aborting.signal})
    const rejected = assert.rejects(run, {name: 'AbortError', stdout: 'begun\n'})
    rejected.catch(() => {})
    for (let tries = 0; tries < 300 && !(await host.files.exists('/tmp/begun')); tries++) await later(200)
    // Its output may be on its way.
    setTimeout(() => aborting.abort(), 1000)
    await rejected
    await host.files.remove('/tmp/begun')
    await assert.rejects(sh(host, '', {signal: AbortSignal.abort()}), {name: 'AbortError'})
  },
  'files go both ways': async (host) => {
    await host.files.write('/tmp/greeting', 'from outside\n')
    const {stdout} = await sh(host, 'cat /tmp/greeting; echo from inside > /tmp/answer; exit 0')
    assert.equal(stdout, 'from outside\n')
    assert.equal(await host.files.read('/tmp/answer'), 'from inside\n')
    const names = (await host.files.list('/tmp')).map(({name}) => name).sort()
    assert.deepEqual(names, ['answer', 'greeting'])
    assert.equal((await host.files.stat('/tmp/answer')).size, 12)
    await assert.rejects(host.files.read('/nosuch'), {code: 'FILE_FAILED', errno: 'ENOENT'})
  },
  'much output waits for its reader': async (host) => {
    const child = host.spawn('head', ['-c', '20000000', '/dev/zero'])
    await later(500)
    assert.equal(child.exitCode, null)
    let bytes = 0
    for await (const chunk of child.stdout) bytes += chunk.length
    assert.equal(bytes, 20_000_000)
    assert.equal((await child.wait()).exitCode, 0)
  },
  'one whose output nobody wants any more ends': async (host) => {
    const child = host.spawn('sh', ['-c', 'while true; do echo more; done'])
    child.stdout.once('data', () => child.stdout.destroy())
    const {exitCode, signal} = await child.wait()
    // The shell's own write fails, or it is killed.
    assert.ok(signal === 'SIGPIPE' || exitCode !== 0, `${exitCode} ${signal}`)
  },
  // The last one.
  'its host may end first': async (host) => {
    const child = host.spawn('sleep', ['100'])
    const ended = assert.rejects(child.wait(), {code: 'DISPOSED'})
    // Heard below.
    ended.catch(() => {})
    await later(500)
    await host.dispose()
    await ended
    await assert.rejects(host.run('cat'), {code: 'DISPOSED'})
    await assert.rejects(host.files.read('/tmp/answer'), {code: 'DISPOSED'})
    await host.dispose()
  },
}
