"""Servers of files, SFTP and FTP: in threads of this process, a folder for each connection."""
