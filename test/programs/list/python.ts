// Python: scripts for its process and thread modules, and Debian's copy of its own test suite.

import {type Program, script} from '../program.ts'

const inPython = (name: string, text: string, more: Partial<Program> = {}): Program => ({
  name,
  command: ['/usr/bin/python3', '-B', 'script.py'],
  files: {'script.py': text},
  ...more,
})

/** Tests, or classes of tests, that are not compared, by reason. */
const APART: Readonly<Record<string, readonly string[]>> = {
  'there is no F_NOTIFY': ['test_fcntl.TestFcntl.test_fcntl_64_bit'],
  'nobody sets the clock': ['test_time.TimeTestCase.test_monotonic_settime'],
  'there is no UDP-Lite': ['UDPLITE'],
  'there is no vsock': ['VSOCK'],
  'the host’s own name is not in its /etc/hosts': ['testHostnameRes', 'GeneralModuleTests.testSockName'],
  'they want answers within a millisecond': ['test_os.TimerfdTests.'],
}
const apart = Object.values(APART).flat()

/** Something else may be printed in between, also before the result, but no other test's name. */
const RESULT =
  /^(test\w+ \(\S+\))(?:(?!^test\w+ \().)*?(?:\.\.\. |^)(ok|skipped|FAIL|ERROR|expected failure)\b/gms

/** How each test ended, by its name: times, order and temporary names are not compared. */
export const resultsOf = (output: string): string =>
  [...output.matchAll(RESULT)]
    .filter(([, name]) => !apart.some((each) => name!.includes(each)))
    .map(([, name, result]) => `${name} ${result}`)
    .sort()
    .join('\n')

/** For a suite whose threads print between a test's name and its result. */
const sumOf = (output: string): string => (output.match(/^Ran \d+ tests|^(OK|FAILED).*$/gm) ?? []).join('\n')

const SUITE = '/usr/lib/python3.13/test/test_os.py'
const suite = (module: string, extract = resultsOf): Program => ({
  name: `passes its own ${module} as natively`,
  command: ['/bin/sh', '-c', `/usr/bin/python3 -B -m unittest -v test.${module} 2>&1; exit 0`],
  needs: [SUITE, '/usr/bin/python3'],
  timeoutS: 1800,
  // One test makes a pool of 200 processes.
  flags: ['--memory=2G'],
  extract,
})
const MODULES = [
  'test_os',
  'test_posix',
  'test_subprocess',
  'test_threading',
  'test_signal',
  'test_mmap',
  'test_select',
  'test_tempfile',
  'test_fcntl',
  'test_time',
  'test_socket',
  'test_asyncio',
  'test_httplib',
  'test_smtplib',
  'test_ftplib',
  ...['test_processes', 'test_threads', 'test_misc', 'test_manager'].map(
    (name) => `test_multiprocessing_fork.${name}`,
  ),
]

export const python: readonly Program[] = [
  inPython('filters its calls by libseccomp', script('filtered.py'), {
    needs: ['/usr/share/doc/python3-seccomp', '/usr/bin/python3'],
  }),
  inPython('starts processes', script('subprocess.py'), {core: true}),
  inPython('runs threads', script('threading.py'), {core: true}),
  inPython('runs many processes', script('multiprocessing.py')),
  inPython('waits with asyncio, signals, select and epoll', script('asyncio.py'), {timeoutS: 120}),
  inPython('ends by an exception', 'import threading\nraise SystemExit(4)\n'),
  ...MODULES.map((module) => suite(module)),
  suite('test_ssl', sumOf),
]
