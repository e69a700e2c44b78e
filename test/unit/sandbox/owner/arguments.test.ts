// The library's arguments: the refusal of each wrong one names it, and says what it takes.

import {constants} from 'node:buffer'
import {describe, expect, test} from 'vitest'
import {type CheckOptions, checkHost} from '../../../../src/check/check-host.ts'
import type {HvError} from '../../../../src/errors.ts'
import {Machine} from '../../../../src/machine/kernel/linux-machine.ts'
import {toReadOptions} from '../../../../src/sandbox/owner/files/file-options.ts'
import type {
  SandboxOptions,
  SandboxRunOptions,
  SandboxSpawnOptions,
} from '../../../../src/sandbox/owner/options.ts'
import {
  toLinesOptions,
  toRequest,
  toSettings,
  toSpawnRequest,
  toTerminalSize,
  toTraceOptions,
} from '../../../../src/sandbox/owner/requests.ts'
import {Sandbox} from '../../../../src/sandbox/owner/sandbox.ts'
import {SandboxListeners} from '../../../../src/sandbox/owner/sandbox-events.ts'
import {Vm} from '../../../../src/vm/vm.ts'
import {checkOptions} from '../../../../src/vm/vm-options.ts'
import {describeKvm} from '../../../helpers/vm.ts'

type Wrong = [argument: unknown, path: string, takes: string]

const create = (options: unknown) => () => toSettings(options as SandboxOptions)
const run = (options: unknown) => () => toRequest('p', [], options as SandboxRunOptions)
const spawn = (options: unknown) => () => toSpawnRequest('p', [], options as SandboxSpawnOptions)
const trace = (options: unknown) => () => toTraceOptions(() => {}, options as object)
const vm = (options: unknown) => () => checkOptions({memoryBytes: 4096, ...(options as object)})

function refusal(act: () => unknown): HvError {
  try {
    act()
  } catch (error) {
    return error as HvError
  }
  throw new Error('it was taken')
}

function expectRefused(act: () => unknown, path: string, takes: string): void {
  const {code, message} = refusal(act)
  expect(code).toBe('BAD_ARGUMENT')
  expect(message.startsWith(`${path} takes ${takes}`), message).toBe(true)
}

describe('Sandbox.create refuses', () => {
  test.each<Wrong>([
    ['abc', 'options', 'an object, not "abc"'],
    [[], 'options', 'an object, not an array'],
    [null, 'options', 'an object, not null'],
    [new Map([['root', '/']]), 'options', 'an object, not an object (Map)'],
    [Promise.resolve({}), 'options', 'an object, not an object (Promise)'],
    [{root: 1}, 'root', 'a path, not 1'],
    [{root: ''}, 'root', 'a path, not ""'],
    [{root: 'a\0b'}, 'root', 'a path without NUL characters, not "a\\u0000b"'],
    [{volumes: '/a:/b'}, 'volumes', 'an array of {host, guest, writable}, not "/a:/b"'],
    [{volumes: ['/a:/b']}, 'volumes[0]', 'an object, not "/a:/b"'],
    [{volumes: [{host: '/', guest: 'b'}]}, 'volumes[0].guest', 'an absolute path, not "b"'],
    [{volumes: [{host: '/', guest: '/b', writable: 'rw'}]}, 'volumes[0].writable', 'true or false, not "rw"'],
    [{memoryBytes: '512M'}, 'memoryBytes', 'a number, not "512M"'],
    [{memoryBytes: 2n}, 'memoryBytes', 'a number, not 2n'],
    [{memoryBytes: Number.NaN}, 'memoryBytes', 'a number, not NaN'],
    [{hostname: 'a b'}, 'hostname', '1 to 64 letters, digits, hyphens and dots, not "a b"'],
    [{cpus: 0}, 'cpus', 'a whole number from 1 to 8, not 0'],
    [{cpus: 1e9}, 'cpus', 'a whole number from 1 to 8, not 1000000000'],
    [{cpus: '2'}, 'cpus', 'a whole number from 1 to 8, not "2"'],
    [{maxTasks: -1}, 'maxTasks', 'a whole number from 1 to 16384, not -1'],
    [{maxTasks: 1.5}, 'maxTasks', 'a whole number from 1 to 16384, not 1.5'],
    [{platform: 'xen'}, 'platform', '"auto" or "kvm" or "ptrace", not "xen"'],
    [{platform: null}, 'platform', '"auto" or'],
    [{isolation: 'vm'}, 'isolation', '"process" or "thread", not "vm"'],
    [{pledge: 5}, 'pledge', 'a string or an array of strings, not 5'],
    [{pledge: ['stdio', 5]}, 'pledge', 'a string or an array of strings, not an array'],
    [{unveil: ['/a']}, 'unveil', 'an object of paths and letters, not an array'],
    [{unveil: {a: 'r'}}, 'unveil', 'an absolute path, not "a"'],
    [{unveil: {'/a': 'q'}}, 'unveil./a', 'some of the letters r, w, x and c, not "q"'],
    [{onSyscall: () => {}}, 'onSyscall', 'an object of functions, not a function'],
    [{onSyscall: {open: 'x'}}, 'onSyscall.open', 'a function or {before, after}, not "x"'],
    [{onSyscall: {open: {after: 'x'}}}, 'onSyscall.open', 'a function or {before, after}, not an object'],
  ])('%o', (options, path, takes) => expectRefused(create(options), path, takes))

  test('a volume without a host', () => {
    expect(refusal(create({volumes: [{guest: '/b'}]})).message).toBe('volumes[0] has no host')
  })

  test('an option that there is not, with the one that was meant', () => {
    expect(refusal(create({memoryByte: 5}))).toMatchObject({
      code: 'BAD_ARGUMENT',
      message: expect.stringMatching(
        /^options has no memoryByte: it has root, image, withLibraries, volumes, memoryBytes, /,
      ),
      nextStep: 'did you mean memoryBytes?',
    })
    expect(refusal(create({constructor: 1})).message).toMatch(/^options has no constructor/)
    expect(refusal(create({volumes: [{host: '/', guest: '/a', readonly: true}]})).message).toBe(
      'volumes[0] has no readonly: it has host, guest, writable',
    )
  })
})

test.each([
  ['Sandbox', Sandbox],
  ['Vm', Vm],
  ['Machine', Machine],
])('new %s says what makes one', (name, Made) => {
  const make = () => new (Made as unknown as new () => unknown)()
  expect(refusal(make)).toMatchObject({code: 'BAD_ARGUMENT', nextStep: `call ${name}.create()`})
})

test('an event that there is not, and a listener that is no function', () => {
  const listeners = new SandboxListeners()
  const listener = () => {}
  for (const act of ['add', 'remove'] as const) {
    expectRefused(
      () => listeners[act]('exti' as 'exit', listener, false),
      'name',
      '"exit" or "oom" or "limit"',
    )
    expectRefused(() => listeners[act]('exit', 5 as never, false), 'listener', 'a function, not 5')
  }
})

test('more text than a string holds is refused at the call, and bytes are not', () => {
  const most = constants.MAX_STRING_LENGTH
  const refused = {code: 'BAD_ARGUMENT', nextStep: `say \`encoding: 'buffer'\`, or give ${most} at most`}
  expect(refusal(run({maxOutputBytes: most + 1}))).toMatchObject(refused)
  expect(refusal(() => toReadOptions({maxBytes: most + 1}))).toMatchObject(refused)
  expectRefused(
    () => toLinesOptions({maxLineBytes: most + 1}),
    'maxLineBytes',
    `a whole number from 1 to ${most}`,
  )
  expect(run({maxOutputBytes: most})).not.toThrow()
  expect(run({maxOutputBytes: most + 1, encoding: 'buffer'})).not.toThrow()
  expect(toReadOptions({maxBytes: most + 1, encoding: 'buffer'})).toMatchObject({maxBytes: most + 1})
})

test('a time-out of 0 is none', () => {
  const {request} = toRequest('p', [], {timeoutMs: 0, cpuTimeoutMs: 0})
  expect([request.timeoutMs, request.cpuTimeoutMs]).toEqual([undefined, undefined])
})

describe('Sandbox.run refuses', () => {
  test.each<[string, unknown, string, string]>([
    ['abc', [], '', ''],
    [5 as unknown as string, [], 'program', 'a path, not 5'],
    ['', [], 'program', 'a path, not ""'],
    ['p', 'abc', 'args', 'an array of strings, not "abc"'],
    ['p', [1], 'args[0]', 'a string, not 1'],
    ['p', ['a', 'b\0'], 'args[1]', 'a string without NUL characters'],
    ['p', null, 'args', 'an array of strings, not null'],
    ['p', {timeoutMs: 5}, 'args', 'an array of strings, not an object'],
  ])('program %o with arguments %o', (program, args, path, takes) => {
    const act = () => toRequest(program, args as string[], {})
    if (path === '') expect(act).not.toThrow()
    else expectRefused(act, path, takes)
  })

  test.each<Wrong>([
    [5, 'options', 'an object, not 5'],
    [{stdin: 5}, 'stdin', 'a string, a Uint8Array or an async iterable of them, not 5'],
    [{stdin: null}, 'stdin', 'a string, a Uint8Array or an async iterable of them, not null'],
    [{stdin: [1, 2]}, 'stdin', 'a string, a Uint8Array or an async iterable of them, not an array'],
    [
      {stdin: {[Symbol.asyncIterator]: 5}},
      'stdin',
      'a string, a Uint8Array or an async iterable of them, not an object',
    ],
    [
      {stdin: new ArrayBuffer(2)},
      'stdin',
      'a string, a Uint8Array or an async iterable of them, not an object (ArrayBuffer)',
    ],
    [{env: ['A=1']}, 'env', 'an object of strings, not an array'],
    [{env: {A: 1}}, 'env.A', 'a string, not 1'],
    [{env: {A: undefined}}, 'env.A', 'a string, not undefined'],
    [{env: {'A=B': 'c'}}, 'env', 'names without = and NUL characters, not "A=B"'],
    [{cwd: 'tmp'}, 'cwd', 'an absolute path, not "tmp"'],
    [{signal: 'SIGTERM'}, 'signal', 'an AbortSignal, not "SIGTERM"'],
    [{signal: new AbortController()}, 'signal', 'an AbortSignal, not an object (AbortController)'],
    [{timeoutMs: '5'}, 'timeoutMs', 'milliseconds, 0 or more, not "5"'],
    [{timeoutMs: -1}, 'timeoutMs', 'milliseconds, 0 or more, not -1'],
    [{timeoutMs: Number.NaN}, 'timeoutMs', 'milliseconds, 0 or more, not NaN'],
    [{maxOutputBytes: 1.5}, 'maxOutputBytes', 'a whole number from 0 to 2147483648, not 1.5'],
    [{encoding: 'latin1'}, 'encoding', '"utf8" or "buffer", not "latin1"'],
  ])('%o', (options, path, takes) => expectRefused(run(options), path, takes))

  test('an option that there is not', () => {
    expect(refusal(run({timeout: 5}))).toMatchObject({
      code: 'BAD_ARGUMENT',
      nextStep: 'did you mean timeoutMs?',
    })
  })
})

describe('Sandbox.spawn refuses', () => {
  const size = 'a whole number from 1 to 65535'
  test.each<Wrong>([
    [{pty: 1}, 'pty', 'true, false or an object, not 1'],
    [{pty: null}, 'pty', 'an object, not null'],
    [{pty: [80, 24]}, 'pty', 'an object, not an array'],
    [{pty: {columns: 0}}, 'pty.columns', `${size}, not 0`],
    [{pty: {columns: 65_536}}, 'pty.columns', `${size}, not 65536`],
    [{pty: {rows: 1.5}}, 'pty.rows', `${size}, not 1.5`],
    [{pty: {rows: '24'}}, 'pty.rows', `${size}, not "24"`],
    [{pty: {name: 'a\0'}}, 'pty.name', 'a string without NUL characters'],
  ])('%o', (options, path, takes) => expectRefused(spawn(options), path, takes))

  test('an option that there is not, and what is for `run` or for `spawn` alone', () => {
    expect(refusal(spawn({pty: {cols: 80}})).message).toBe('pty has no cols: it has columns, rows, name')
    expect(refusal(spawn({stdin: ''})).message).toMatch(/^options has no stdin/)
    expect(refusal(run({pty: true})).message).toMatch(/^options has no pty/)
  })

  test('a size that no terminal has', () => {
    expectRefused(() => toTerminalSize({columns: 0, rows: 24}), 'size.columns', size)
    expect(refusal(() => toTerminalSize({columns: 80} as never)).message).toBe('size has no rows')
  })
})

describe('Sandbox.startTrace refuses', () => {
  test.each<Wrong>([
    [{calls: ['open']}, 'calls', 'a string, not an array'],
    [{signals: 2}, 'signals', 'a string, not 2'],
    [{statuses: true}, 'statuses', 'a string, not true'],
    [{stringLimit: '32'}, 'stringLimit', 'a whole number from 0'],
    [{showsPaths: 1}, 'showsPaths', 'true or false, not 1'],
  ])('%o', (options, path, takes) => expectRefused(trace(options), path, takes))

  test('a listener that is no function, and unknown options', () => {
    expectRefused(() => toTraceOptions(undefined, {}), 'listener', 'a function, not undefined')
    expect(refusal(trace({call: 'open'})).nextStep).toBe('did you mean calls?')
  })
})

describe('Vm refuses', () => {
  test.each<Wrong>([
    [{memoryBytes: '4096'}, 'memoryBytes', 'a number, not "4096"'],
    [{memoryBytes: undefined}, 'memoryBytes', 'a number, not undefined'],
    [{memoryBase: 0n}, 'memoryBase', 'a number, not 0n'],
    [{ipaBits: '40'}, 'ipaBits', 'a number, not "40"'],
    [{nested: 1}, 'nested', 'true or false, not 1'],
    [{irqchip: 'v3'}, 'irqchip', 'true, false or "split", not "v3"'],
  ])('%o', (options, path, takes) => expectRefused(vm(options), path, takes))

  test('an option that there is not', () => {
    expect(refusal(vm({memory: 4096})).nextStep).toMatch(/^did you mean memory/)
  })
})

describeKvm('a VM', () => {
  test('refuses wrong arguments of its own by name', async () => {
    using made = Vm.create({memoryBytes: 4096})
    expectRefused(() => made.createVcpu({startsOff: 1} as object), 'startsOff', 'true or false, not 1')
    expect(refusal(() => made.createVcpu({off: true} as object)).message).toMatch(/^options has no off/)
    expectRefused(() => made.memory.write(0, 'text' as never), 'bytes', 'a Uint8Array, not "text"')
    const vcpu = made.createVcpu()
    expectRefused(
      () => vcpu.registers.set(null as never),
      'values',
      'an object of registers and bigints, not null',
    )
    await expect(vcpu.runAsync(5 as never)).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
      message: 'signal takes an AbortSignal, not 5',
    })
  })
})

test('checkHost refuses what is no option of its own', async () => {
  const check = (options: unknown) => checkHost(options as CheckOptions)
  await expect(check({board: 5})).rejects.toMatchObject({message: 'board takes a string, not 5'})
  await expect(check('rpi4')).rejects.toMatchObject({message: 'options takes an object, not "rpi4"'})
  await expect(check({boards: '/x'})).rejects.toMatchObject({message: 'options has no boards: it has board'})
})

test('right arguments are taken, undefined ones as if they were not there', () => {
  const signal = AbortSignal.timeout(1e6)
  const all = {stdin: Buffer.from('a'), env: {A: ''}, cwd: '/', signal, timeoutMs: 0, maxOutputBytes: 0}
  expect(run({...all, encoding: 'buffer'})()).toMatchObject({
    request: {stdin: Uint8Array.of(97)},
    encoding: 'buffer',
  })
  expect(run({stdin: undefined, signal: undefined, encoding: undefined})().encoding).toBe('utf8')
  expect(run({env: process.env})().request.env).toMatchObject({PATH: process.env.PATH})
  expect(create({root: undefined, pledge: ['stdio', 'rpath']})().settings.pledge).toBe('stdio rpath')
})
