// What reaches the host past the port that a kernel's maker passes in (src/vfs/host.ts): few files, each with its reason.

import {expect, test} from 'vitest'
import {importsOf, type Source, src, withoutExamples} from './sources.ts'

/** Modules that reach the host by themselves, and ambient clocks and random numbers. */
const MODULES = /(\/|^)(addon|native-host)\.ts$|^node:(fs|crypto|child_process|net|os|timers|worker_threads)/
const AMBIENT = /\b(Date\.now|new Date\(\)|hrtime|performance\.now|Math\.random|getBuiltinModule)\b/

const allowed: Record<string, string> = {
  'src/vfs/native-host.ts': 'the port to the real host',
  'src/vfs/fs/host-source.ts': 'opens what the maker names, before a jail closes',
  'src/vfs/descriptor-path.ts': 'tells the maker where a descriptor leads',
  'src/sentry/outside/sentry.ts': 'passes the real host to a kernel whose maker names no other',
  'src/sentry/outside/host-files.ts':
    'opens what the maker names, before a jail closes; the user who runs hv',
  'src/sentry/outside/host-program.ts': 'opens what the maker names, before a jail closes',
  'src/sentry/outside/warm-up.ts': 'makes the program of a warm-up',
  'src/sentry/outside/shown-programs.ts': 'tells hv’s own files from others',
  'src/sentry/exec/vdso.ts': 'the vDSO is built with hv: it says nothing of the host',
  'src/sentry/trace/line-sink.ts': 'error texts are of the C library: they say nothing of the host',
  'src/sentry/trace/line-writer.ts': 'who reads a trace is on the host',
  'src/sentry/trace/stamps.ts': 'who reads a trace is on the host',
  'src/sentry/trace/text/sockaddr.ts': 'formats addresses by node:net, without the host',
}

function reachesHost(source: Source): boolean {
  const text = withoutExamples(source.text).replace(/^import type .*$/gm, '')
  return importsOf({...source, text}).some((name) => MODULES.test(name)) || AMBIENT.test(text)
}

test('kernels and file systems reach the host through its port', () => {
  const upper = src.filter(({path}) => /^src\/(sentry|vfs)\//.test(path))
  expect(
    upper
      .filter(reachesHost)
      .map(({path}) => path)
      .sort(),
  ).toEqual(Object.keys(allowed).sort())
})
