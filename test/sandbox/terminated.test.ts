// The thread that made a sandbox is terminated, or its process exits, while a guest runs: both end, and nothing is left.
//
// HV_LONG=1 (`npm run test:long`): at twice as many moments.

import {execFile} from 'node:child_process'
import {promisify} from 'node:util'
import {describe, expect, test} from 'vitest'
import {BUSYBOX, ENDLESS, isLong, places} from './guests.ts'

const library = new URL('../../dist/index.js', import.meta.url).href
const TIMEOUT_MS = 50_000

/** Runs a script in a process of its own: if it hangs, it is killed, and the test fails. */
async function node(script: string): Promise<string> {
  const argv = ['--input-type=module', '-e', script]
  return (await promisify(execFile)(process.execPath, argv, {timeout: TIMEOUT_MS, killSignal: 'SIGKILL'}))
    .stdout
}

/** A script with a thread in which a guest runs: `inThread` is what the thread does then, `inOwner` what its owner does. */
const withThread = (
  {platform, isolation}: (typeof places)[number],
  program: string,
  args: string[],
  inThread: string,
  inOwner: string,
) => {
  const thread = `
    import {parentPort} from 'node:worker_threads'
    import {Sandbox} from '${library}'
    const sandbox = await Sandbox.create({platform: '${platform}', isolation: '${isolation}', root: '/', volumes: [{host: '/etc', guest: '/etc'}]})
    sandbox.run('${program}', ${JSON.stringify(args)})
    setTimeout(async () => { ${inThread} }, 200)`
  return `
    import {readdirSync, readFileSync} from 'node:fs'
    import {Worker} from 'node:worker_threads'
    const text = ${JSON.stringify(thread)}
    const start = () => new Worker(new URL('data:text/javascript,' + encodeURIComponent(text)))
    ${inOwner}`
}

const TERMINATE = `
  const round = () => new Promise((resolve) => {
    const worker = start()
    worker.on('message', () => worker.terminate().then(resolve))
  })
  const descriptors = () => readdirSync('/proc/self/fd').length
  const all = () => readdirSync('/proc/self/task')
    .flatMap((id) => readFileSync('/proc/self/task/' + id + '/children', 'utf8').match(/\\d+/g) ?? [])
  // Node waits for no child of a thread that was terminated.
  const children = () => all().filter((pid) => !readFileSync('/proc/' + pid + '/stat', 'latin1').includes(') Z'))
  const gone = async () => {
    const deadline = Date.now() + 30_000
    while (children().length > 0 && Date.now() < deadline) await new Promise((r) => setTimeout(r, 20))
  }
  await round()
  const before = descriptors()
  await round()
  await gone()
  console.log(descriptors() - before, 'descriptors', children().join(' '), 'left')`

/** Terminates threads in the middle of their work, and the owner lives on. */
const AT_ANY_MOMENT = `
  for (let i = 0; i < 24; i += ${isLong ? 2 : 4}) {
    const worker = start()
    await new Promise((resolve) => {
      worker.on('message', () => setTimeout(() => worker.terminate().then(resolve), i))
    })
  }
  console.log('alive')`

describe.each(places)('on $platform, in a $isolation', (place) => {
  test('a thread can be terminated in the middle of anything', async () => {
    const inThread = `
      parentPort.postMessage(0)
      for (;;) await Promise.all([0, 1, 2].map(() => sandbox.run('${BUSYBOX}', ['true'])))`
    expect(await node(withThread(place, BUSYBOX, ['true'], inThread, AT_ANY_MOMENT))).toBe('alive\n')
  })

  // A process is separate, so it does not matter what its guest does.
  const endless = place.isolation === 'thread' ? ENDLESS : ENDLESS.slice(0, 1)
  describe.each(endless)('while a guest %s', (_, program, args) => {
    test('its thread can be terminated, and leaves no descriptor and no process', async () => {
      const inThread = 'parentPort.postMessage(0)'
      const script = withThread(place, program, args, inThread, TERMINATE)
      expect(await node(script)).toBe('0 descriptors  left\n')
    })

    test('the process of its thread can exit', async () => {
      const inThread = 'parentPort.postMessage(0)'
      const inOwner = "start().on('message', () => { console.log('leaving'); process.exit(0) })"
      expect(await node(withThread(place, program, args, inThread, inOwner))).toBe('leaving\n')
    })

    test('its thread can exit by itself', async () => {
      const inOwner = "start().on('exit', (code) => console.log('exit', code))"
      expect(await node(withThread(place, program, args, 'process.exit(7)', inOwner))).toBe('exit 7\n')
    })
  })
})
