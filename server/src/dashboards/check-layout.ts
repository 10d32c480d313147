/** What a schema cannot say of a layout: that its parts fit to each other. */
import { type DashboardLayout, gridColumns, layoutCharsLimit } from '#contract/dashboards.ts';
import { AppError } from '../errors.ts';

/** @throws AppError `invalid_request` that names the first part that is wrong */
export function checkLayout(layout: DashboardLayout): void {
  const names = new Set<string>();
  for (const [i, { name }] of layout.variables.entries()) {
    if (names.has(name)) throw fault(`/variables/${i}/name`, `names a variable that is there already: ${name}`);
    names.add(name);
  }
  const ids = new Set<string>();
  for (const [i, widget] of layout.widgets.entries()) {
    const path = `/widgets/${i}`;
    if (ids.has(widget.id)) throw fault(`${path}/id`, `is the id of another widget: ${widget.id}`);
    ids.add(widget.id);
    if (widget.x + widget.w > gridColumns) throw fault(`${path}/w`, `reaches beyond the ${gridColumns} columns`);
    if ('source' in widget && widget.source.type === 'variable' && !names.has(widget.source.name)) {
      throw fault(`${path}/source/name`, `names no variable of the dashboard: ${widget.source.name}`);
    }
    if (widget.kind === 'gauge' && widget.min >= widget.max) throw fault(`${path}/max`, 'must be greater than min');
  }
  if (JSON.stringify(layout).length > layoutCharsLimit) {
    throw new AppError(
      'payload_too_large',
      `A dashboard has at most ${layoutCharsLimit} characters, pictures included.`,
    );
  }
}

function fault(place: string, message: string): AppError {
  const path = `/body/layout${place}`;
  return new AppError('invalid_request', `${path} ${message}.`, { errors: [{ path, message }] });
}
