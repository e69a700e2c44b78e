// A published port whose peers do their worst: resets, silence, bytes that nobody reads, more connections than anybody takes.
//
// HV_LONG=1 (`npm run test:long`): a hundred times as many.

import {once} from 'node:events'
import {readdirSync} from 'node:fs'
import {connect, type Socket} from 'node:net'
import {text} from 'node:stream/consumers'
import {describe, expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {Sandbox, type SandboxProcess} from '../../dist/index.js'
import {platforms} from '../guests/run.ts'
import {guest, isLong} from './guests.ts'

const STORM = isLong ? 30_000 : 300
const AT_ONCE = 50
const timeoutMs = stepMs('command')
const TIMEOUT_MS = isLong ? 3_600_000 : 3 * timeoutMs

const openFiles = () => readdirSync('/proc/self/fd').length

async function serving(platform: 'kvm' | 'ptrace'): Promise<[Sandbox, SandboxProcess, port: number]> {
  const sandbox = await Sandbox.create({platform, net: {publish: ['0:80']}})
  const server = sandbox.spawn(guest('echo-server'), ['echo', '80'])
  server.wait().catch(() => {})
  await sandbox.waitForPort(80, {timeoutMs})
  return [sandbox, server, sandbox.published[0].hostPort]
}

async function ask(port: number, words: string): Promise<string> {
  return text(connect(port).end(words))
}

/** The other side may reset it at any time. */
const peerOf = (port: number): Socket => connect(port).on('error', () => {})

describe.each(platforms)('on %s', (platform) => {
  test('connections that are reset at once leave nothing', {timeout: TIMEOUT_MS}, async () => {
    const [sandbox, , port] = await serving(platform)
    await using _ = sandbox
    expect(await ask(port, 'before')).toBe('before')
    const before = openFiles()
    for (let done = 0; done < STORM; done += AT_ONCE) {
      const peers = Array.from({length: AT_ONCE}, () => peerOf(port))
      const ends = peers.map((peer) => new Promise((resolve) => peer.once('close', resolve)))
      // Before the server has accepted them, and when it has something to answer.
      for (const [index, peer] of peers.entries())
        peer.once('connect', () => {
          if (index % 2 === 0) peer.write('x')
          peer.resetAndDestroy()
        })
      await Promise.all(ends)
    }
    expect(await ask(port, 'after')).toBe('after')
    // The first connection may not have been closed when they were counted before.
    await expect.poll(openFiles, {timeout: timeoutMs}).toBeLessThanOrEqual(before)
  })

  test('peers that are silent, and peers that read nothing, hold up no other', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const [sandbox, , port] = await serving(platform)
    await using _ = sandbox
    const silent = Array.from({length: AT_ONCE}, () => peerOf(port))
    await Promise.all(silent.map((peer) => once(peer, 'connect')))
    const deaf = Array.from({length: 4}, () => peerOf(port).pause())
    for (const peer of deaf) peer.write(Buffer.alloc(16 << 20))
    for (let turn = 0; turn < 5; turn++) expect(await ask(port, `${turn}`)).toBe(`${turn}`)
    for (const peer of [...silent, ...deaf]) peer.destroy()
  })

  test('connections that a stopped server does not accept wait, and are served when it goes on', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const [sandbox, server, port] = await serving(platform)
    await using _ = sandbox
    server.kill('SIGSTOP')
    // More than its backlog, and than may be under way to it.
    const answers = Array.from({length: 4 * AT_ONCE}, (_, index) => ask(port, `${index}`))
    const answered = await Promise.race([
      ...answers,
      new Promise((resolve) => setTimeout(resolve, 300, 'nobody')),
    ])
    expect(answered).toBe('nobody')
    server.kill('SIGCONT')
    expect(await Promise.all(answers)).toEqual(answers.map((_, index) => `${index}`))
  })
})
