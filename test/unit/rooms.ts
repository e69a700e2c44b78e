// Tables of the rooms of src/sentry: what each may import, for layers.test.ts.

/** What each room of src/sentry may import besides itself, from the lowest to the highest; a loose file is a room of its own. */
export const rooms: Record<string, string[]> = {
  core: [],
  tty: ['core'],
  memory: ['core'],
  signals: ['core', 'tty', 'memory'],
  time: ['core', 'memory'],
  fd: ['core', 'tty', 'memory', 'signals'],
  pledge: ['core'],
  ipc: ['core', 'memory'],
  net: ['core', 'memory', 'signals', 'fd', 'pledge'],
  task: ['core', 'tty', 'memory', 'signals', 'time', 'fd', 'pledge', 'ipc'],
  exec: ['core', 'memory', 'fd', 'pledge', 'task'],
  debug: ['core', 'memory'],
  call: ['core', 'memory', 'signals', 'time', 'fd', 'pledge', 'task'],
  syscalls: [
    'core',
    'tty',
    'memory',
    'signals',
    'time',
    'fd',
    'pledge',
    'ipc',
    'net',
    'task',
    'exec',
    'debug',
    'call',
  ],
  'embedding.ts': ['core', 'memory', 'exec'],
  'kernel.ts': ['core', 'signals', 'time', 'fd', 'ipc', 'net', 'task', 'call', 'embedding.ts'],
  trace: ['core', 'memory', 'fd', 'call', 'syscalls'],
  outside: [
    'core',
    'tty',
    'memory',
    'time',
    'fd',
    'pledge',
    'task',
    'exec',
    'call',
    'syscalls',
    'kernel.ts',
    'trace',
  ],
}

/** The rooms that other layers import. `outside` and `trace` are made for that; each other one should become unneeded. */
export const entrances: Record<string, string[]> = {
  'index.ts': ['pledge', 'call', 'trace', 'outside'],
  cli: ['pledge', 'trace'],
  launch: ['core', 'tty', 'pledge', 'task', 'debug', 'call', 'trace', 'outside'],
  sandbox: ['core', 'tty', 'time', 'fd', 'pledge', 'task', 'exec', 'trace', 'outside'],
}
