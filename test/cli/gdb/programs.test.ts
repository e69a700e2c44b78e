// hv run --gdb with Debian's gdb, which starts programs one after the other: target extended-remote.

import {afterAll, describe, expect, test} from 'vitest'
import {platforms} from '../../guests/run.ts'
import {Client} from './client.ts'
import {type Debugged, GdbBench, runGdb} from './gdb.ts'

const ENVIRONMENT = `python
variables = gdb.parse_and_eval("environ")
i = 0
while int(variables[i]) != 0:
  print("has " + variables[i].string())
  i += 1
end
`

const AGAIN = `
break twice
continue
print x
kill
info inferiors
set args leaf
set environment HV_ADDED=a b
unset environment HOME
set cwd /tmp
run
print x
${ENVIRONMENT}info proc cwd
continue
set args steps
unset environment HV_ADDED
delete
run
`

const ADDRESSES = `
kill
starti
print $sp
kill
starti
print $sp
kill
set disable-randomization off
starti
print $sp
kill
`

const DETACHED = `
set remote exec-file /no/such/program
kill
python
try:
  gdb.execute("run")
except gdb.error as error:
  print(error)
end
set remote exec-file
set args steps
starti
detach
set args leaf
run
`

describe.each(platforms)('target extended-remote on %s:', (platform) => {
  const bench = new GdbBench()
  afterAll(() => bench[Symbol.dispose]())

  const extended = async (mode: string, script: string): Promise<Debugged> => {
    let said = ''
    const ended = await bench.serve(['--platform', platform, bench.program, mode], async () => {
      const whole = `target extended-remote ${bench.socket}\n${script}`
      said = await runGdb(bench.directory, whole, [bench.program])
    })
    return {said, ...ended}
  }

  test('gdb runs a program again, with other arguments, variables and another directory', async () => {
    const {said, status, stdout} = await extended('steps', AGAIN)
    expect(said.match(/^\$\d = .*$/gm), said).toEqual(['$1 = 1', '$2 = 3'])
    expect(said).toMatch(/killed\][\s\S]*<null>/)
    expect(said).toContain('has HV_ADDED=a b\n')
    expect(said).toContain('has PATH=')
    expect(said).not.toContain('has HOME=')
    expect(said).toContain("cwd = '/tmp'")
    expect(said.match(/exited with code \d+/g)).toEqual(['exited with code 06', 'exited with code 014'])
    expect({status, stdout}).toEqual({status: 12, stdout: 'total 12\n'})
  })

  test('addresses are the same each time, unless gdb wants others', async () => {
    const {said, status} = await extended('steps', ADDRESSES)
    const [first, second, third] = said.match(/^\$\d = .*$/gm)!.map((line) => line.split(' = ')[1])
    expect(first, said).toBe(second)
    expect(third).not.toBe(second)
    expect(status).toBe(137)
  })

  test('a program that cannot be started is told of, and one that was detached runs on beside the next', async () => {
    const {said, stderr, status} = await extended('steps', `${DETACHED}quit\n`)
    expect(said).toContain('Running "/no/such/program" on the remote target failed')
    expect(stderr).toContain('/no/such/program')
    expect(said).toMatch(/detached\][\s\S]*exited with code 06/)
    expect(status).toBe(6)
  })

  test('monitor exit ends hv while gdb has no program', async () => {
    const {status} = await bench.serve(['--platform', platform, bench.program, 'leaf'], async () => {
      const client = new Client(bench.socket)
      expect(await client.ask('!')).toBe('OK')
      expect(await client.ask('vCont;c')).toBe('W06')
      expect(await client.ask(`qRcmd,${Buffer.from('exit').toString('hex')}`)).toBe('OK')
      expect(await client.hear(10_000)).toBe('closed')
    })
    expect(status).toBe(6)
  })

  test('a signal ends hv while gdb has no program', async () => {
    const {status} = await bench.serve(['--platform', platform, bench.program, 'leaf'], async (hv) => {
      const client = new Client(bench.socket)
      expect(await client.ask('!')).toBe('OK')
      expect(await client.ask('vCont;c')).toBe('W06')
      hv.kill('SIGTERM')
      expect(await client.hear(10_000)).toBe('closed')
    })
    expect(status).toBe(6)
  })

  test('without it, hv ends with its program', async () => {
    const {status} = await bench.serve(['--platform', platform, bench.program, 'leaf'], async () => {
      const client = new Client(bench.socket)
      expect(await client.ask('vCont;c')).toBe('W06')
      expect(await client.hear(10_000)).toBe('closed')
    })
    expect(status).toBe(6)
  })
})
