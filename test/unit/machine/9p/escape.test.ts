// Ways out of a share: names that are paths, `..`, links, and files that the host moves meanwhile.

import * as fs from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import type {Client} from '../../../helpers/9p-client.ts'
import {u16, u32} from '../../../helpers/9p-message.ts'
import {failure} from '../../../helpers/failure.ts'
import {type HostShare, hostShare} from '../../../helpers/share.ts'

let share: HostShare
let client: Client
const on = (name: string): string => join(share.path, name)

beforeEach(async () => {
  share = await hostShare()
  client = share.client
})
afterEach(() => share.dispose())

describe('the way out', () => {
  test('`..` at the root stays there, however often', async () => {
    const fid = await client.walk('../../../..')
    expect((await client.getattr(fid)).qid.path).toBe(fs.statSync(share.path).ino)
    const names = Array.from({length: 16}, () => '..')
    const answer = await client.call(110, u32(0), u32(99), u16(16), ...names)
    expect(answer.u16()).toBe(16)
    for (let i = 0; i < 16; i++) expect(answer.qid().path).toBe(fs.statSync(share.path).ino)
  })

  test.each(['../x', 'a/b', '/etc', '/', 'a\0b', '\0'])('the name %j is none, for any call', async (name) => {
    fs.writeFileSync(on('f'), '')
    const file = await client.walk('f')
    const calls = [
      client.call(110, u32(0), u32(99), u16(1), name),
      client.call(14, u32(0), name, u32(2), u32(0o600), u32(0)),
      client.call(72, u32(0), name, u32(0o700), u32(0)),
      client.call(18, u32(0), name, u32(0o100600), u32(0), u32(0), u32(0)),
      client.call(16, u32(0), name, 'target', u32(0)),
      client.call(70, u32(0), u32(file), name),
      client.call(20, u32(file), u32(0), name),
      client.call(74, u32(0), 'f', u32(0), name),
      client.call(74, u32(0), name, u32(0), 'g'),
      client.call(76, u32(0), name, u32(0)),
    ]
    for (const outcome of await Promise.allSettled(calls)) expect(outcome.status).toBe('rejected')
    expect(fs.readdirSync(share.path)).toEqual(['f'])
  })

  test('a directory that becomes a link under a fid leads nowhere', async () => {
    fs.mkdirSync(on('d'))
    const fid = await client.walk('d')
    const open = await client.open('d')
    fs.rmdirSync(on('d'))
    fs.symlinkSync('/etc', on('d'))
    for (const call of [client.walk('passwd', fid), client.lopen(fid, 0), client.getattr(fid)])
      expect(['ENOENT', 'ENOTDIR', 'ELOOP', 'ESTALE']).toContain(await failure(call))
    expect(await failure(client.call(72, u32(fid), 'made', u32(0), u32(0)))).not.toBe('no error')
    expect(await failure(client.readdir(open, 0, 4096))).toBe('ESTALE')
    await client.clunk(open)
  })

  test('no directory that moves out of the share takes its fid along to what is above', async () => {
    const outside = fs.mkdtempSync(`${share.path}-outside-`)
    fs.mkdirSync(on('d/e'), {recursive: true})
    const fid = await client.walk('d/e')
    fs.renameSync(on('d/e'), join(outside, 'e'))
    fs.writeFileSync(join(outside, 'secret'), '')
    try {
      const up = await client.walk('..', fid)
      expect(await failure(client.walk('secret', up))).toBe('ENOENT')
    } finally {
      fs.rmSync(outside, {recursive: true})
    }
  })

  test('a race of links against walks: no walk ends outside', async () => {
    const outside = fs.mkdtempSync(`${share.path}-outside-`)
    fs.writeFileSync(join(outside, 'f'), 'secret')
    fs.mkdirSync(on('real'))
    fs.writeFileSync(on('real/f'), 'inside')
    fs.symlinkSync(outside, on('link'))
    const {ino} = fs.statSync(join(outside, 'f'))
    const swap = (): void => {
      fs.renameSync(on('real'), on('spare'))
      fs.renameSync(on('link'), on('real'))
      fs.renameSync(on('spare'), on('link'))
    }
    try {
      for (let i = 0; i < 200; i++) {
        const fid = await client.walk('real')
        swap()
        const file = await client.walk('f', fid).catch(() => undefined)
        swap()
        if (file === undefined) continue
        expect((await client.getattr(file).catch(() => ({qid: {path: 0}}))).qid.path).not.toBe(ino)
        const opened = await client.lopen(file, 0).catch(() => undefined)
        if (opened !== undefined) expect((await client.read(file, 0, 100)).toString()).toBe('inside')
        await client.clunk(file)
        await client.clunk(fid)
      }
    } finally {
      fs.rmSync(outside, {recursive: true})
    }
  })
})
