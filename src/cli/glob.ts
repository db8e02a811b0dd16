// Shell patterns as `find -name` understands them (fnmatch without flags): `*` and `?` match any character, slashes
// and leading dots included; `[...]` is a set, `\` takes the next character as it is.

/** Whether the whole of `text` matches. */
export function matchesGlob(pattern: string, text: string): boolean {
  return new RegExp(`^${sourceOf(pattern)}$`, 'su').test(text)
}

function sourceOf(pattern: string): string {
  let source = ''
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i] as string
    const set = character === '[' ? /^\[([!^]?)(\]?[^\]]*)\]/.exec(pattern.slice(i)) : null
    if (character === '*') source += '.*'
    else if (character === '?') source += '.'
    else if (set?.[2]) {
      source += `[${set[1] ? '^' : ''}${set[2].replace(/[\\\][&^]/g, '\\$&')}]`
      i += set[0].length - 1
    } else if (character === '\\' && i + 1 < pattern.length) source += escaped(pattern[++i] as string)
    else source += escaped(character)
  }
  return source
}

function escaped(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&')
}
