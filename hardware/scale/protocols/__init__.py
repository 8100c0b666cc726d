"""Pure codecs of scale protocols, one file each; every codec cites its manual."""
