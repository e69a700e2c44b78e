// The layers of src/, as a table from top to bottom, and the text of that table in src/README.md.
//
// A folder of src/ is a layer, and so is a file there. `below`: what a layer may import besides itself, all of it further down in the
// table. test/unit/layers.test.ts holds the sources to this table, and src/README.md to its text.

import {readFileSync, writeFileSync} from 'node:fs'
import {pathToFileURL} from 'node:url'
import {root} from './paths.mjs'

export const FILE = `${root}/src/README.md`
const TABLE = /(?<=<!-- layers -->\n\n).*?(?=\n\n<!-- end of layers -->)/s

/** @type {readonly {name: string, what: string, below?: string[]}[]} */
export const layers = [
  {
    name: 'bin',
    what: 'the `hv` command: the entry, which runs a plain `hv run` without oclif',
    below: ['cli', 'code-cache.ts', 'errors.ts', 'launch'],
  },
  {
    name: 'commands',
    what: "oclif's commands",
    below: ['board', 'check', 'cli', 'errors.ts', 'inspect', 'launch'],
  },
  {
    name: 'cli',
    what: 'flags, exit statuses and messages of the commands: [its README](cli/README.md)',
    below: ['board', 'errors.ts', 'image', 'jail', 'launch', 'sentry', 'similar.ts'],
  },
  {
    name: 'index.ts',
    what: 'the public API of the package',
    below: [
      'broker',
      'check',
      'errors.ts',
      'jail',
      'launch',
      'machine',
      'platform',
      'sandbox',
      'sentry',
      'stop-signal.ts',
      'vm',
    ],
  },
  {
    name: 'sandbox',
    what: "the library's `Sandbox`: the sentry in a process of its own, or a worker thread: [its README](sandbox/README.md)",
    below: [
      ...[
        'abi',
        'addon.ts',
        'broker',
        'code-cache.ts',
        'errors.ts',
        'image',
        'jail',
        'kept-code.ts',
        'options.ts',
      ],
      ...['launch', 'machine', 'package-file.ts', 'platform', 'sentry', 'stop-signal.ts', 'vfs'],
    ],
  },
  {
    name: 'launch',
    what: 'the launch of a guest of any kind, in phases: [its README](launch/README.md)',
    below: [
      ...[
        'abi',
        'addon.ts',
        'arch',
        'broker',
        'core',
        'elf',
        'errors.ts',
        'gdb',
        'image',
        'inspect',
        'jail',
        'kept-code.ts',
      ],
      ...['machine', 'options.ts', 'output-file.ts', 'package-file.ts', 'platform', 'sentry', 'vfs', 'vm'],
    ],
  },
  {
    name: 'check',
    what: '`hv check`: what this host can do: [its README](check/README.md)',
    below: [
      ...['abi', 'addon.ts', 'board', 'errors.ts', 'jail', 'options.ts', 'package-file.ts', 'platform'],
    ],
  },
  {
    name: 'inspect',
    what: '`hv inspect`: what a program file is, and what it needs to run: [its README](inspect/README.md)',
    below: ['abi', 'arch', 'elf', 'errors.ts', 'platform', 'vfs'],
  },
  {
    name: 'image',
    what: 'roots from tar archives and OCI images: [its README](image/README.md)',
    below: ['abi', 'arch', 'errors.ts', 'user-cache.ts', 'vfs'],
  },
  {
    name: 'sentry',
    what: 'the Linux that a guest program sees: tasks, memory, signals, system calls, trace: [its README](sentry/README.md)',
    below: [
      ...[
        'abi',
        'addon.ts',
        'arch',
        'broker',
        'core',
        'elf',
        'errors.ts',
        'gdb',
        'loader',
        'own-files.ts',
        'platform',
        'vfs',
      ],
    ],
  },
  {
    name: 'machine',
    what: 'bare-metal guests and kernels: the machine around a `Vm`: [its README](machine/README.md)',
    below: [
      ...[
        'abi',
        'arch',
        'core',
        'elf',
        'errors.ts',
        'gdb',
        'options.ts',
        'output-file.ts',
        'platform',
        'readable.ts',
        'vfs',
        'vm',
      ],
    ],
  },
  {
    name: 'loader',
    what: "a program's layout, segments, stack and auxiliary vector",
    below: ['abi', 'elf', 'errors.ts', 'platform'],
  },
  {
    name: 'vfs',
    what: 'files: path walk, mounts, pipes, and the file systems: [its README](vfs/README.md)',
    below: ['abi', 'addon.ts', 'arch', 'errors.ts', 'own-files.ts', 'platform'],
  },
  {
    name: 'platform',
    what: 'what runs guest threads: the interface, KVM and ptrace: [its README](platform/README.md)',
    below: ['abi', 'addon.ts', 'arch', 'errors.ts', 'user-cache.ts', 'vm'],
  },
  {
    name: 'vm',
    what: 'the VM API: Vm, Vcpu, GuestMemory, exits: [its README](vm/README.md)',
    below: [
      ...[
        'abi',
        'addon.ts',
        'arch',
        'errors.ts',
        'options.ts',
        'output-file.ts',
        'readable.ts',
        'stop-signal.ts',
      ],
    ],
  },
  {
    name: 'broker',
    what: 'what a guest may reach of the network, decided outside of the jail: [its README](broker/README.md)',
    below: ['abi', 'addon.ts', 'errors.ts', 'readable.ts'],
  },
  {
    name: 'jail',
    what: "what the sentry's process gives up: [its README](jail/README.md)",
    below: ['abi', 'addon.ts', 'errors.ts', 'package-file.ts', 'user-cache.ts'],
  },
  {
    name: 'board',
    what: 'the machines of boards/: reads, recognises and compares them: [its README](board/README.md)',
    below: ['errors.ts', 'package-file.ts', 'similar.ts'],
  },
  {
    name: 'gdb',
    what: "gdb's remote protocol, for any target: [its README](gdb/README.md)",
    below: ['abi', 'errors.ts', 'output-file.ts'],
  },
  {
    name: 'core',
    what: 'ELF core files: [their README](core/README.md)',
    below: ['abi', 'arch', 'errors.ts', 'output-file.ts'],
  },
  {
    name: 'elf',
    what: 'bytes → a checked ELF image, or an error that says what is wrong: [its README](elf/README.md)',
    below: ['abi', 'errors.ts'],
  },
  {
    name: 'arch',
    what: 'the only code that asks which architecture this is: [its README](arch/README.md)',
    below: ['abi', 'errors.ts'],
  },
  {
    name: 'code-cache.ts',
    what: "keeps V8's bytecode of hv itself from one start to the next",
    below: ['kept-code.ts', 'user-cache.ts'],
  },
  {
    name: 'own-files.ts',
    what: "hv's own files, which no guest may change",
    below: ['abi', 'errors.ts', 'own-packages.ts', 'package-file.ts', 'user-cache.ts'],
  },
  {name: 'own-packages.ts', what: 'the names by which Node looks for what hv requires', below: ['errors.ts']},
  {
    name: 'options.ts',
    what: "the library's arguments as schemas, and the error that names a wrong one",
    below: ['errors.ts', 'similar.ts', 'stop-signal.ts'],
  },
  {
    name: 'output-file.ts',
    what: 'files that hv writes for its user: new ones, where no link leads',
    below: ['abi', 'errors.ts'],
  },
  {name: 'readable.ts', what: "descriptors that Node's event loop watches itself", below: ['addon.ts']},
  {name: 'errors.ts', what: '`HvError`: what went wrong on the host or in the request', below: []},
  {name: 'abi', what: "Linux's numbers and struct layouts", below: []},
  {name: 'addon.ts', what: "loads `native/`; puts together the types of each layer's part of the addon"},
  {name: 'kept-code.ts', what: 'the same bytecode, as callers that run programs see it', below: []},
  {name: 'package-file.ts', what: "where the package's own files are", below: []},
  {name: 'similar.ts', what: 'names that are near a mistyped one', below: []},
  {name: 'stop-signal.ts', what: 'what hv needs of an AbortSignal', below: []},
  {
    name: 'user-cache.ts',
    what: "the user's cache directory, and files there that nobody else wrote",
    below: [],
  },
]

/** @param {string} page src/README.md @returns {string} the page with the table of these layers */
export function withLayers(page) {
  const rows = layers.map(({name, what, below}) => `| \`${titleOf(name)}\` | ${what} | ${importsOf(below)} |`)
  return page.replace(TABLE, ['| folder, file | what | imports |', '| --- | --- | --- |', ...rows].join('\n'))
}

const titleOf = (name) => (name.endsWith('.ts') ? name : `${name}/`)

function importsOf(below) {
  if (below === undefined) return 'types of any'
  return below.length === 0 ? 'nothing' : below.join(', ')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  writeFileSync(FILE, withLayers(readFileSync(FILE, 'utf8')))
