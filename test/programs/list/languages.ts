// Languages: perl and node with processes and threads.

import {type Program, script} from '../program.ts'

export const languages: readonly Program[] = [
  {
    name: 'forks and pipes',
    command: ['/usr/bin/perl', 'script.pl'],
    files: {'script.pl': script('processes.pl')},
    core: true,
  },
  {
    name: 'runs workers and children',
    command: ['/usr/bin/env', 'node', 'script.cjs'],
    files: {'script.cjs': script('workers.cjs')},
    needs: ['/usr/bin/node'],
    timeoutS: 400,
  },
]
