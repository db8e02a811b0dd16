// Names and prose (STYLE): kebab-case files, no words that mean nothing or that the word table gives to another
// concept, a head of prose in every file, and one file per folder that explains the folder.

import { posix } from 'node:path'
import { sourcesBelow, type FileMap } from './source-tree.ts'

const emptyWords = ['util', 'utils', 'helper', 'helpers', 'manager', 'misc', 'common']
const takenWords = ['chunk', 'chunks', 'wal', 'checkpoint', 'fragment', 'frontend', 'adapter', 'decorator']
const bannedWords: ReadonlySet<string> = new Set([...emptyWords, ...takenWords])

/** The aim is 10–30 lines for a tier's folder; below this nothing was explained. */
const roomProseLinesMin = 5
/** A folder in a folder has less to say. */
const folderProseLinesMin = 3

export function checkFileNames(files: FileMap): readonly string[] {
  return [...sourcesBelow(files, 'src'), ...sourcesBelow(files, 'test'), ...sourcesBelow(files, 'bench')].flatMap(
    ([path]) => {
      const stem = posix.basename(path).replace(/(\.(test|proof|config|d))*\.tsx?$/, '')
      if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(stem)) return [`${path}: file names are kebab-case`]
      return stem.split('-').some((word) => bannedWords.has(word)) ? [`${path}: ${bannedNote}`] : []
    },
  )
}

const bannedNote = `the name says nothing or says it with another concept's word (STYLE, Words)`
const exported =
  /^export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(interface|type|class|function\*?|const|let)\s+([\w$]+)/gm

export function checkExportedNames(files: FileMap): readonly string[] {
  return sourcesBelow(files, 'src').flatMap(([path, text]) =>
    Array.from(text.matchAll(exported)).flatMap(([, kind, name = '']) => {
      const words = name
        .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
        .toLowerCase()
        .split(/[ _]/)
      if (words.some((word) => bannedWords.has(word))) return [`${path}: ${name}: ${bannedNote}`]
      if (kind === 'interface' && /^I[A-Z][a-z]/.test(name)) return [`${path}: ${name}: no I before interfaces`]
      return kind === 'class' && /^(Base|Abstract)[A-Z]/.test(name)
        ? [`${path}: ${name}: no Base or Abstract classes`]
        : []
    }),
  )
}

/** Lines of the first comment that stands before any code but imports. */
function headLines(text: string): number {
  const lines = text.replace(/^#!.*\n/, '').split('\n')
  let inImport = false
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string
    if (line.startsWith('//') && !/^\/\/ (oxlint|@ts)-/.test(line)) {
      const end = lines.findIndex((later, j) => j > i && !later.startsWith('//'))
      return (end < 0 ? lines.length : end) - i
    }
    if (line.startsWith('/*')) {
      const end = lines.findIndex((later, j) => j >= i && later.includes('*/'))
      return end - i + 1
    }
    if (inImport) inImport = !/['"]$/.test(line)
    else if (line.startsWith('import')) inImport = !/['"]$/.test(line)
    else if (line.trim() !== '') return 0
  }
  return 0
}

export function checkFileProse(files: FileMap): readonly string[] {
  return sourcesBelow(files, 'src')
    .filter(([, text]) => headLines(text) === 0)
    .map(([path]) => `${path}: no prose at the head: say what this is and what always holds`)
}

export function checkFolderProse(files: FileMap): readonly string[] {
  const longest = new Map<string, number>()
  for (const [path, text] of sourcesBelow(files, 'src')) {
    const folder = posix.dirname(path)
    longest.set(folder, Math.max(longest.get(folder) ?? 0, headLines(text)))
  }
  longest.delete('src')
  return [...longest]
    .filter(([folder, lines]) => lines < proseLinesMin(folder))
    .map(([folder]) => `${folder}: no file explains the folder in ${proseLinesMin(folder)} lines or more`)
}

function proseLinesMin(folder: string): number {
  return folder.split('/').length > 2 ? folderProseLinesMin : roomProseLinesMin
}
