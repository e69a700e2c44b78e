// What each way of loading hvkit has to be good for: sandboxes on each platform, their programs, streams and files.

const BUSYBOX = '/bin/busybox'

/** @param {typeof import('hvkit')} hvkit @param {string[]} platforms used side by side */
export async function use(hvkit, platforms, isolation = 'process') {
  await Promise.all(platforms.map((platform) => useOne(hvkit, platform, isolation)))
}

async function useOne({Sandbox, HvError}, platform, isolation) {
  const sandbox = await Sandbox.create({platform, isolation, memoryBytes: 1 << 26})
  try {
    same(sandbox.platform.name, platform)
    const {exitCode, stdout} = await sandbox.run(BUSYBOX, ['sh', '-c', 'cat; exit 7'], {stdin: 'ran'})
    same([exitCode, stdout], [7, 'ran'])
    const child = sandbox.spawn(BUSYBOX, ['tr', 'a-z', 'A-Z'])
    child.stdin.end('one\ntwo\n')
    const lines = []
    for await (const line of child) lines.push(line)
    same([lines, (await child.wait()).exitCode], [['ONE', 'TWO'], 0])
    await sandbox.files.write('/tmp/file', Uint8Array.of(1, 255))
    same([...(await sandbox.files.read('/tmp/file', {encoding: 'buffer'}))], [1, 255])
    same((await sandbox.run(BUSYBOX, ['sleep', '9'], {timeoutMs: 50})).timedOut, true)
    same(await sandbox.run('/nowhere').catch((error) => error instanceof HvError && error.code), 'NOT_FOUND')
  } finally {
    await sandbox.dispose()
  }
}

function same(is, shallBe) {
  const [has, wants] = [is, shallBe].map((value) => JSON.stringify(value))
  if (has !== wants) throw new Error(`${has}, not ${wants}`)
}
