// loop-delay.mjs PLATFORM BOMBS MS ROUNDS: how long the event loop of a sandbox's owner stands still while guests do what they can about it.
//
// Prints `{name: [ms by this thread's doing, ms by the histogram]}`, the worst of each in the best round: others' doings, such as those
// of the machine below a virtual one, do not come again. What the thread did itself, or waited for, is
// what went by less what it waited for a processor: the second number of /proc/PID/schedstat (Linux: Documentation/scheduler/sched-stats).

import {readFileSync} from 'node:fs'
import {monitorEventLoopDelay} from 'node:perf_hooks'
import {Sandbox} from '../../../dist/index.js'

const [platform, bombs, ms, rounds] = process.argv.slice(2)
const timeoutMs = Number(ms)
const BUSYBOX = '/bin/busybox'
const sh = (script) => [BUSYBOX, ['sh', '-c', script]]

const waitedNs = () => Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ')[1])

async function worstWhile(act) {
  const histogram = monitorEventLoopDelay({resolution: 1})
  let worst = 0
  let last = performance.now()
  let waited = waitedNs()
  const timer = setInterval(() => {
    const [now, nowWaited] = [performance.now(), waitedNs()]
    worst = Math.max(worst, now - last - (nowWaited - waited) / 1e6)
    last = now
    waited = nowWaited
  }, 1)
  histogram.enable()
  await act()
  await new Promise((resolve) => setTimeout(resolve, 5))
  histogram.disable()
  clearInterval(timer)
  return [worst, histogram.max / 1e6].map((each) => Math.round(each * 10) / 10)
}

async function drain(stream) {
  for await (const _ of stream);
}

/** A guest's output, as its owner takes it. */
const spawned = (script, take) => async (sandbox) => {
  const child = sandbox.spawn(...sh(script), {timeoutMs})
  await take(child)
  await child.wait()
}

/** 16 MB, to both outputs. */
const MUCH =
  'yes | head -c 100000; dd if=/dev/zero bs=100000 count=160; dd if=/dev/zero bs=100000 count=40 >&2'
const MANY_FILES = 'mkdir /tmp/many; cd /tmp/many; i=0; while [ $i -lt 2000 ]; do : > $i; i=$((i+1)); done'

const floods = {
  bombs: (sandbox) => sandbox.run(bombs, ['20000'], {timeoutMs}),
  'pages everywhere': (sandbox) => sandbox.run(bombs, ['20000', 'far-pages'], {timeoutMs}),
  output: (sandbox) => sandbox.run(BUSYBOX, ['yes', 'a'], {timeoutMs}),
  'output that is no text': (sandbox) => sandbox.run(BUSYBOX, ['cat', '/dev/urandom'], {timeoutMs}),
  'much output': (sandbox) => sandbox.run(...sh(MUCH), {timeoutMs: 60_000}),
  'much output as bytes': (sandbox) => sandbox.run(...sh(MUCH), {timeoutMs: 60_000, encoding: 'buffer'}),
  'live output': spawned('yes', (child) => drain(child.stdout)),
  'empty lines': spawned("yes ''", drain),
  'a line without end': spawned('cat /dev/zero', (child) => drain(child).catch(() => child.kill('KILL'))),
  'its own end': spawned('while :; do (exit 1); done', drain),
  limits: spawned('while :; do yes | head -c 9000000 > /tmp/f; done', drain),
  'a trace': async (sandbox) => {
    await sandbox.startTrace(() => {})
    await sandbox.run(...sh('while :; do cd /; done'), {timeoutMs})
    await sandbox.stopTrace()
  },
  questions: (sandbox) => sandbox.run(...sh('while :; do cd /tmp; done'), {timeoutMs}),
  'changes of files': async (sandbox) => {
    const watch = await sandbox.files.watch('/tmp', () => {})
    await sandbox.run(...sh('while :; do : > /tmp/x; rm /tmp/x; done'), {timeoutMs})
    await watch.close()
  },
  'a directory of many': async (sandbox) => {
    await sandbox.run(...sh(MANY_FILES), {timeoutMs: 60_000})
    for (let i = 0; i < 5; i++) await sandbox.files.list('/tmp/many')
  },
  'a large file': async (sandbox) => {
    await sandbox.run(...sh('head -c 12000000 /dev/urandom > /tmp/large'), {timeoutMs: 60_000})
    await sandbox.files.read('/tmp/large')
    await drain(sandbox.files.readStream('/tmp/large'))
    await drain(sandbox.files.tarOut('/tmp'))
  },
}

async function make(name) {
  const onSyscall = name === 'questions' ? {chdir: () => undefined} : {}
  const sandbox = await Sandbox.create({platform, memoryBytes: 1 << 26, onSyscall})
  return sandbox.on('limit', () => {}).on('exit', () => {})
}

// What is loaded and compiled once is no guest's doing.
const first = await make('first')
await first.startTrace(() => {})
await drain(first.spawn(BUSYBOX, ['echo', 'a line']))
await first.files.write('/tmp/file', 'text')
await drain(first.files.tarOut('/tmp'))
await first.dispose()

const found = {}
for (const [name, flood] of Object.entries(floods)) {
  const worst = []
  for (let round = 0; round < Number(rounds); round++) {
    const sandbox = await make(name)
    worst.push(await worstWhile(() => flood(sandbox).catch((error) => console.error(name, error))))
    await sandbox.dispose()
  }
  found[name] = [0, 1].map((which) => Math.min(...worst.map((each) => each[which])))
}
console.log(JSON.stringify(found))
