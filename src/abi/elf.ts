// ELF64 as Linux reads it (man 5 elf): constants and the offsets of the fields.

export const EI_CLASS = 4
export const EI_DATA = 5
export const EI_OSABI = 7
export const ELFCLASS32 = 1
export const ELFCLASS64 = 2
export const ELFDATA2LSB = 1
export const ELFDATA2MSB = 2
/** Freestanding: no operating system's ABI. */
export const ELFOSABI_STANDALONE = 255

export const ET_REL = 1
export const ET_EXEC = 2
export const ET_DYN = 3
export const ET_CORE = 4

export const EM_X86_64 = 62
export const EM_AARCH64 = 183

export const PT_LOAD = 1
export const PT_DYNAMIC = 2
export const PT_INTERP = 3
export const PT_NOTE = 4
export const PT_PHDR = 6
export const PT_TLS = 7
export const PT_GNU_STACK = 0x6474e551
export const PT_GNU_PROPERTY = 0x6474e553

export const PF_X = 1
export const PF_W = 2
export const PF_R = 4

/** Elf64_Ehdr: bytes, and the offsets of the fields. */
export const EHDR_SIZE = 64
export const E_TYPE = 16
export const E_MACHINE = 18
export const E_ENTRY = 24
export const E_PHOFF = 32
export const E_PHENTSIZE = 54
export const E_PHNUM = 56

/** Elf64_Phdr: bytes, and the offsets of the fields. */
export const PHDR_SIZE = 56
export const P_TYPE = 0
export const P_FLAGS = 4
export const P_OFFSET = 8
export const P_VADDR = 16
export const P_PADDR = 24
export const P_FILESZ = 32
export const P_MEMSZ = 40
export const P_ALIGN = 48

/** Linux reads at most this many bytes of program headers (fs/binfmt_elf.c, ELF_MIN_ALIGN aside). */
export const PHDR_TABLE_LIMIT = 65536
/** PATH_MAX: the longest PT_INTERP, its NUL included. */
export const INTERP_LIMIT = 4096

/** Register sets: of core files' notes, and of ptrace(2). */
export const NT_PRSTATUS = 1
export const NT_PRFPREG = 2
