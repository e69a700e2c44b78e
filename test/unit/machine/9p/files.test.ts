// A share of a directory: what a machine does in it is what node:fs sees there, and the other way round.

import * as fs from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {S_IFDIR, S_IFIFO, S_IFREG} from '../../../../src/abi/file-mode.ts'
import {u32, u64} from '../../../helpers/9p-client.ts'
import {type HostShare, hostShare} from '../../../helpers/share.ts'
import {failure} from '../../../helpers/failure.ts'

let share: HostShare
const on = (name: string): string => join(share.path, name)

beforeEach(async () => {
  share = await hostShare()
})
afterEach(() => share.dispose())

describe('files', () => {
  test('what the machine writes the host reads', async () => {
    await share.client.writeFile('a', 'hello')
    expect(fs.readFileSync(on('a'), 'utf8')).toBe('hello')
  })
})
