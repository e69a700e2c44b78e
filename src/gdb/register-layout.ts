// RegisterLayout: an architecture's registers in the order in which gdb gets them, and the target description for it
// (gdb's manual, G "Target Descriptions": G.4.5 aarch64, G.4.9 i386; the types, G.3).

export interface RegisterField {
  readonly name: string
  readonly bits: number
  /** One of gdb's types, or one that the feature defines. Default: an integer of that size. */
  readonly type?: string
  readonly group?: 'general' | 'float' | 'vector' | 'system'
}

export interface Feature {
  /** `org.gnu.gdb.…`. */
  readonly name: string
  /** XML of its registers' types. */
  readonly types?: string
  readonly registers: readonly RegisterField[]
}

export interface PlacedRegister extends RegisterField {
  /** In bytes, from the beginning of the whole. */
  readonly offset: number
  readonly bytes: number
}

export interface Description {
  /** gdb's name for it. */
  readonly architecture: string
  readonly osabi: string | undefined
  readonly features: readonly Feature[]
  /** The registers sent with each stop: the stack, the frame and the instruction. */
  readonly expedited: readonly string[]
}

export class RegisterLayout {
  /** By gdb's number. */
  readonly registers: readonly PlacedRegister[]
  /** All registers together. */
  readonly bytes: number
  readonly xml: string
  /** Register numbers. */
  readonly expedited: readonly number[]

  constructor(description: Description) {
    const registers: PlacedRegister[] = []
    let offset = 0
    for (const field of description.features.flatMap((feature) => feature.registers)) {
      const bytes = field.bits / 8
      registers.push({...field, offset, bytes})
      offset += bytes
    }
    this.registers = registers
    this.bytes = offset
    this.xml = toXml(description)
    this.expedited = description.expedited.map((name) => registers.findIndex((one) => one.name === name))
  }
}

/** `count` registers of one kind: `x0`, `x1` …. */
export function numbered(
  prefix: string,
  count: number,
  field: Omit<RegisterField, 'name'>,
  suffix = '',
): RegisterField[] {
  return Array.from({length: count}, (_, i) => ({...field, name: `${prefix}${i}${suffix}`}))
}

/** XML of a register's flags: the name of each, its first bit, and its last one if there are several. */
export function flags(
  id: string,
  fields: readonly (readonly [name: string, start: number, end?: number])[],
): string {
  const field = ([name, start, end = start]: (typeof fields)[number]): string =>
    `<field name="${name}" start="${start}" end="${end}"/>\n`
  return `<flags id="${id}" size="4">\n${fields.map(field).join('')}</flags>\n`
}

function toXml({architecture, osabi, features}: Description): string {
  const system = osabi === undefined ? '' : `<osabi>${osabi}</osabi>\n`
  return `<?xml version="1.0"?>
<!DOCTYPE target SYSTEM "gdb-target.dtd">
<target version="1.0">
<architecture>${architecture}</architecture>
${system}${features.map(featureXml).join('')}</target>
`
}

function featureXml({name, types = '', registers}: Feature): string {
  return `<feature name="${name}">\n${types}${registers.map(registerXml).join('')}</feature>\n`
}

function registerXml({name, bits, type, group}: RegisterField): string {
  const attributes = `${type === undefined ? '' : ` type="${type}"`}${group === undefined ? '' : ` group="${group}"`}`
  return `<reg name="${name}" bitsize="${bits}"${attributes}/>\n`
}
