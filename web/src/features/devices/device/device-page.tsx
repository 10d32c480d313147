import { useTranslation } from 'react-i18next';
import { Page } from '../../../shell/page.tsx';

export function DevicePage() {
  const { t } = useTranslation('devices');
  return <Page title={t('title')}>{null}</Page>;
}
