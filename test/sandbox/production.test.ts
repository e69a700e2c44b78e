// The examples of docs/production.md run: metrics of real sandboxes, through the libraries that they name.

import {execFileSync} from 'node:child_process'
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {cache, root} from '../../ci/paths.mjs'

const page = readFileSync(join(root, 'docs/production.md'), 'utf8')
// In the repository, where node finds hvkit by its own name, and the libraries.
const folder = join(cache, 'production')

/** Runs `script` beside the example that follows the heading, which it imports as ./example.mjs. @returns what it prints */
function runWith(heading: string, script: string): string {
  const [, example] = /```js\n([\s\S]*?)```/.exec(page.slice(page.indexOf(`### ${heading}\n`))) ?? []
  mkdirSync(folder, {recursive: true})
  writeFileSync(join(folder, 'example.mjs'), example ?? '')
  writeFileSync(join(folder, 'main.mjs'), script)
  return execFileSync(process.execPath, [join(folder, 'main.mjs')], {encoding: 'utf8'})
}

test('Prometheus reads what sandboxes use, and how their programs ended', () => {
  const text = runWith(
    'Prometheus',
    `import {create, dispose, server} from './example.mjs'
     const sandbox = await create('first', {memoryBytes: 64 << 20})
     await sandbox.run('/bin/busybox', ['true'])
     await sandbox.run('/bin/busybox', ['seq', '1000'], {maxOutputBytes: 1})
     await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
     const answer = await fetch('http://127.0.0.1:' + server.address().port)
     console.log(await answer.text())
     await dispose('first')
     server.close()`,
  )
  expect(text).toMatch(/^hv_memory_bytes\{sandbox="first"\} [1-9]\d*$/m)
  expect(text).toMatch(/^hv_tasks\{sandbox="first"\} 0$/m)
  expect(text).toMatch(/^hv_syscalls\{sandbox="first"\} [1-9]\d*$/m)
  expect(text).toMatch(/^hv_ended_total\{how="success"\} 1$/m)
  expect(text).toMatch(/^hv_limits_total\{limit="output"\} [1-9]\d*$/m)
})

test('OpenTelemetry gets a span for each run, and what sandboxes use', () => {
  const text = runWith(
    'OpenTelemetry',
    `import {metrics, trace} from '@opentelemetry/api'
     import {AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader} from '@opentelemetry/sdk-metrics'
     import {Sandbox} from 'hvkit'
     const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
     const provider = new MeterProvider({readers: [new PeriodicExportingMetricReader({exporter, exportIntervalMillis: 2 ** 30})]})
     metrics.setGlobalMeterProvider(provider)
     const spans = []
     class Span {
       constructor(name) { this.name = name; this.attributes = {}; spans.push(this) }
       setAttributes(attributes) { Object.assign(this.attributes, attributes) }
       setStatus(status) { this.status = status.code }
       recordException() {}
       end() { this.hasEnded = true }
     }
     trace.setGlobalTracerProvider({getTracer: () => ({startActiveSpan: (name, work) => work(new Span(name))})})
     const {observe, run} = await import('./example.mjs')
     const sandbox = await Sandbox.create()
     const stop = observe('first', sandbox)
     await run(sandbox, '/bin/busybox', ['false'])
     await provider.forceFlush()
     const [{scopeMetrics: [{metrics: found}]}] = exporter.getMetrics()
     console.log(JSON.stringify({spans, found: found.map(({descriptor, dataPoints: [{attributes, value}]}) => ({name: descriptor.name, attributes, value}))}))
     stop()
     await sandbox.dispose()
     await provider.shutdown()`,
  )
  const {spans, found} = JSON.parse(text)
  expect(spans).toMatchObject([
    {name: 'hv /bin/busybox', attributes: {'process.exit_code': 1}, status: 2, hasEnded: true},
  ])
  expect(found).toEqual([
    {name: 'hv.memory', attributes: {sandbox: 'first'}, value: expect.any(Number)},
    {name: 'hv.syscalls', attributes: {sandbox: 'first'}, value: spans[0].attributes['hv.syscalls']},
  ])
})
