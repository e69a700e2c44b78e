// hv run --core: what gdb reads in the core file, beside the same crash natively.

import {mkdirSync, readFileSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, describe, expect, test} from 'vitest'
import {platforms} from '../../guests/run.ts'
import {hv} from '../hv.ts'
import {facts, GdbBench} from './gdb.ts'

const LOOK = `
backtrace
print where
print what
print $_siginfo._sifields._sigfault.si_addr
print $_siginfo.si_signo
up
print heap[7]
print table
print half
print $pc
thread apply 2 frame function sleeper
`

describe('hv run --core', () => {
  const bench = new GdbBench()
  afterAll(() => bench[Symbol.dispose]())
  const core = join(bench.directory, 'core')

  test.each(platforms)('on %s a core has the crash as a native run has it', async (platform) => {
    const ran = hv(['run', '--platform', platform, '--core', core, bench.program, 'crash'])
    const native = await bench.natively(['crash'], `continue\n${LOOK}kill\n`)
    expect(ran.status).toBe(139)
    expect(ran.stderr).toBe(
      `hv: the core of guest (2) is in ${core}\nhv: ${bench.program}: Segmentation fault\n`,
    )
    // Without the frame that gdb shows first.
    const seen = facts(bench.core(core, LOOK)).slice(1)
    expect(seen).toEqual(facts(native))
    expect(seen.length).toBeGreaterThan(12)
    expect(statSync(core).mode & 0o777).toBe(0o600)
    // Holes are holes.
    expect(statSync(core).blocks * 512).toBeLessThan(2 << 20)
  })

  test('a core is no larger than guest memory, whatever is mapped how often', () => {
    const ran = hv(['run', '--memory', '128M', '--core', core, bench.program, 'sparse'])
    expect(ran.status).toBe(134)
    expect(statSync(core).blocks * 512).toBeLessThan(136 << 20)
    expect(statSync(core).size).toBeLessThan(2 ** 40)
    expect(bench.core(core, 'backtrace')).toMatch(/ sparse \(\)[\s\S]* main \(/)
  })

  test('a program that does not crash leaves it empty, an older one too', () => {
    writeFileSync(core, 'old')
    expect(hv(['run', '--core', core, bench.program, 'steps']).status).toBe(12)
    expect(readFileSync(core)).toHaveLength(0)
  })

  test('what is no file is refused in one line', () => {
    mkdirSync(join(bench.directory, 'there'))
    const at = (place: string) => hv(['run', '--core', place, bench.program])
    expect(at(join(bench.directory, 'there'))).toMatchObject({
      status: 125,
      stderr: expect.stringMatching(
        /^hv: the core file .* cannot be written \(EISDIR\): name another file\n$/,
      ),
    })
    expect(at('/dev/null').stderr).toMatch(/is no regular file/)
  })
})
