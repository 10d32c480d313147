import { useCallback, useReducer } from 'react';

interface History<T> {
  readonly past: readonly T[];
  readonly present: T;
  readonly future: readonly T[];
}

type Action<T> = { readonly type: 'set' | 'reset'; readonly value: T } | { readonly type: 'undo' | 'redo' };

/** Steps that can be taken back; older ones are forgotten. */
const stepsLimit = 100;

/** A value whose changes can be taken back and made again. */
export function useHistory<T>(initial: T) {
  const [history, dispatch] = useReducer(
    (state: History<T>, action: Action<T>): History<T> => {
      const { past, present, future } = state;
      if (action.type === 'reset') return { past: [], present: action.value, future: [] };
      if (action.type === 'set') {
        if (JSON.stringify(action.value) === JSON.stringify(present)) return state;
        return { past: [...past, present].slice(-stepsLimit), present: action.value, future: [] };
      }
      if (action.type === 'undo') {
        const before = past.at(-1);
        if (before === undefined) return state;
        return { past: past.slice(0, -1), present: before, future: [present, ...future] };
      }
      const [after, ...rest] = future;
      if (after === undefined) return state;
      return { past: [...past, present], present: after, future: rest };
    },
    { past: [], present: initial, future: [] },
  );
  return {
    value: history.present,
    canUndo: history.past.length > 0,
    canRedo: history.future.length > 0,
    set: useCallback((value: T) => dispatch({ type: 'set', value }), []),
    reset: useCallback((value: T) => dispatch({ type: 'reset', value }), []),
    undo: useCallback(() => dispatch({ type: 'undo' }), []),
    redo: useCallback(() => dispatch({ type: 'redo' }), []),
  };
}
