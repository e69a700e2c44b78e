// Builds: compilers and make, each with a program that then runs.

import {bash, type Program, script} from '../program.ts'

/** A C program of 2,000 lines that prints something at the end. */
const LARGE_C = [
  '#include <stdio.h>',
  ...Array.from(
    {length: 995},
    (_, i) => `static unsigned f${i}(unsigned x) {\n  return x * ${2 * i + 1}u + ${i}u; }`,
  ),
  'int main(void) { unsigned x = 1;',
  ...Array.from({length: 995}, (_, i) => `  x = f${i}(x);`)
    .join(' ')
    .match(/.{1,900} /g)!,
  '  printf("%u\\n", x); return 0; }',
].join('\n')

const units = Array.from({length: 12}, (_, i) => i)
const MAKEFILE = `CFLAGS = -O1
program: main.o ${units.map((i) => `u${i}.o`).join(' ')}
\t@$(CC) -o $@ $^
%.o: %.c
\t@$(CC) $(CFLAGS) -c -o $@ $<
clean:
\t@rm -f *.o program
.PHONY: clean
`
const TREE = {
  Makefile: MAKEFILE,
  'main.c': `#include <stdio.h>\n${units.map((i) => `int u${i}(void);`).join('\n')}\nint main(void) { printf("%d\\n", ${units.map((i) => `u${i}()`).join(' + ')}); return 0; }\n`,
  ...Object.fromEntries(units.map((i) => [`u${i}.c`, `int u${i}(void) { return ${i * i}; }\n`])),
}

export const builds: readonly Program[] = [
  bash(
    'compiles hello with gcc',
    'gcc -O1 -o hello hello.c && ./hello; echo $?; gcc -static -o s hello.c && ./s; echo $?',
    {
      core: true,
      needs: ['/usr/bin/gcc'],
      files: {'hello.c': script('hello.c')},
      timeoutS: 200,
    },
  ),
  bash('is told of a mistake by gcc', 'gcc -o hello hello.c; echo $?', {
    needs: ['/usr/bin/gcc'],
    files: {'hello.c': 'int main(void) { return x; }\n'},
  }),
  bash(
    'finds leaks by AddressSanitizer and by LeakSanitizer',
    `for kind in address leak; do
       gcc -g -pthread -fsanitize=$kind -o $kind leak.c
       ./$kind; echo $?
       ./$kind leaks 2>error; echo $?
       grep -o 'detected memory leaks' error; grep -o '[0-9]* byte.*' error | sort
     done`,
    {needs: ['/usr/bin/gcc'], files: {'leak.c': script('leak.c')}, timeoutS: 200, core: true},
  ),
  bash('compiles a large file with gcc', 'gcc -O1 -pipe -o large large.c && ./large', {
    needs: ['/usr/bin/gcc'],
    files: {'large.c': LARGE_C},
    timeoutS: 400,
  }),
  bash('compiles hello with g++', 'g++ -O1 -pthread -o hello hello.cc && ./hello; echo $?', {
    needs: ['/usr/bin/g++'],
    files: {'hello.cc': script('hello.cc')},
    timeoutS: 400,
  }),
  bash(
    'makes a tree with four jobs',
    'make -s -j4 && ./program && make -s -j4 program; make -s clean; ls | grep -c o$',
    {
      core: true,
      needs: ['/usr/bin/make', '/usr/bin/gcc'],
      files: TREE,
      timeoutS: 300,
    },
  ),
  bash('stops make at an error', 'make -j3 -k; echo $?', {
    needs: ['/usr/bin/make'],
    files: {Makefile: 'all: a b\na:\n\t@sleep 0.1; exit 3\nb: a\n\t@echo not reached\n'},
  }),
  bash(
    'builds and runs a Go program',
    'export GOCACHE=$PWD/c GOFLAGS=-p=2 GO111MODULE=off; go build -o p p.go && ./p',
    {
      needs: ['/usr/bin/go'],
      files: {'p.go': script('hello.go')},
      timeoutS: 900,
    },
  ),
  bash('builds and runs a Rust program', '/usr/bin/rustc -O -o p p.rs && ./p 2> /dev/null', {
    needs: ['/usr/bin/rustc'],
    files: {'p.rs': script('hello.rs')},
    timeoutS: 600,
  }),
  bash('runs Java', 'java -version 2>&1 | head -1; java -XX:TieredStopAtLevel=1 Hello.java; echo $?', {
    needs: ['/usr/bin/java'],
    files: {'Hello.java': script('Hello.java')},
    timeoutS: 600,
  }),
]
