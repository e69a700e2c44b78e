// worker_threads, child_process and fs.
const {Worker, isMainThread, parentPort, workerData} = require('node:worker_threads')
if (!isMainThread) { parentPort.postMessage(workerData.reduce((a, b) => a + b)); return }
const {execFileSync, spawn, fork, exec} = require('node:child_process')
const fs = require('node:fs')
async function main() {
  const sum = (list) => new Promise((done) => new Worker(__filename, {workerData: list}).on('message', done))
  console.log(await Promise.all([sum([1, 2, 3]), sum([4, 5, 6])]))
  console.log(execFileSync('echo', ['sync']).toString())
  const child = spawn('sort', ['-n'])
  child.stdin.end('3\n1\n2\n')
  let text = ''
  for await (const part of child.stdout) text += part
  console.log(JSON.stringify(text))
  console.log(await new Promise((done) => exec('exit 6', (error) => done(error.code))))
  const sleeper = spawn('sleep', ['100'])
  sleeper.kill()
  console.log(await new Promise((done) => sleeper.on('exit', (code, signal) => done(signal))))
  fs.mkdirSync('d/e', {recursive: true}); await fs.promises.writeFile('d/e/f', 'x'.repeat(1e6))
  console.log((await fs.promises.stat('d/e/f')).size, fs.readdirSync('d', {recursive: true}))
  const shared = new Int32Array(new SharedArrayBuffer(8))
  setTimeout(() => {}, 1); Atomics.wait(shared, 0, 0, 20); console.log('waited')
}
main()
