import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button, type ButtonSize } from './button.tsx';
import { toastError } from './toast.tsx';

/** Puts a text on the clipboard. @param label what is copied, for screen readers; `text` shows words beside the icon */
export function CopyButton({
  value,
  label,
  text,
  size = 'sm',
}: {
  readonly value: string;
  readonly label?: string;
  readonly text?: string;
  readonly size?: ButtonSize;
}) {
  const { t } = useTranslation();
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const copy = async (): Promise<void> => {
    if (await copyText(value)) setCopied(true);
    else toastError(t('copyFailed'));
  };
  const Icon = isCopied ? Check : Copy;
  return (
    <Button
      tone={text === undefined ? 'quiet' : 'plain'}
      size={size}
      aria-label={isCopied ? t('copied') : (label ?? text ?? t('copy'))}
      onClick={() => void copy()}
      icon={<Icon className={isCopied ? 'size-3.5 text-ok' : 'size-3.5'} aria-hidden="true" />}
    >
      {text === undefined ? undefined : isCopied ? t('copied') : text}
    </Button>
  );
}

/** Pages that came over plain HTTP have no clipboard API; the old way works there. */
async function copyText(text: string): Promise<boolean> {
  try {
    if (navigator.clipboard !== undefined) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    // Refused, perhaps for want of focus: the other way asks nobody.
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  document.body.append(area);
  area.select();
  const isDone = document.execCommand('copy');
  area.remove();
  return isDone;
}
