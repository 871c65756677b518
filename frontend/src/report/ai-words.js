/** The state of the AI in words. Only "scored, below threshold, nothing limiting" may sound negative. Pure. */

const figure = (score) => (typeof score === 'number' ? score.toFixed(2) : null);

/** {tone, head, text, details}: tone "found", "clear", "warn" or "wait". */
export function aiWords(ai, say) {
  const reason = ai.reason || '';
  switch (ai.state) {
    case 'scored':
      return scored(ai, say);
    case 'refused':
      return { tone: 'warn', head: say('ai_refused'), text: reason, details: [say('read_without_ai')] };
    case 'failed':
      return { tone: 'warn', head: say('ai_failed'), text: reason, details: [say('read_without_ai')] };
    case 'out_of_scope':
      return { tone: 'warn', head: say('ai_out_of_scope'), text: reason, details: [say('read_without_ai')] };
    case 'pending':
      return { tone: 'wait', head: say('ai_pending'), text: progress(ai, say), details: [say('read_meanwhile')] };
    case 'held_back':
      return { tone: 'wait', head: say('ai_held_back'), text: '', details: [] };
    case 'hidden':
      return { tone: 'wait', head: say('ai_hidden'), text: '', details: [] };
    default:
      return { tone: 'warn', head: say('ai_unknown'), text: reason, details: [say('read_without_ai')] };
  }
}

function progress(ai, say) {
  if (typeof ai.progress === 'number') return say('ai_progress', { percent: Math.round(ai.progress * 100) });
  return ai.progress || ai.reason || '';
}

function scored(ai, say) {
  const details = [];
  if (ai.category) details.push(ai.category_rule || say('ai_category', { category: ai.category }));
  if (ai.band) details.push(say('ai_band', { band: ai.band }));
  if (ai.advisory) details.push(ai.advisory);
  const score = figure(ai.score);
  const text = score === null ? '' : say('ai_score', { score });
  const limitations = ai.limitations ?? [];
  if (limitations.length) {
    return { tone: 'warn', head: say('ai_incomplete'), text, details: [...limitations, ...details] };
  }
  if (typeof ai.above_threshold !== 'boolean') return { tone: 'warn', head: say('ai_unknown'), text, details };
  const head = ai.above_threshold ? say('ai_above') : say('ai_below');
  return { tone: ai.above_threshold ? 'found' : 'clear', head, text, details };
}

export function modelName(model) {
  return typeof model === 'string' ? model : [model.name, model.version].filter(Boolean).join(' ');
}
