# Uploads a file with tuspy as its users do, over a line that breaks: python3 tuspy.py URL TOKEN FILE CHUNK CHECKED
import sys
import time

import requests
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

url, token, path, chunk, checked = sys.argv[1:6]
client = TusClient(url + "/uploads", headers={"Authorization": "Bearer " + token})
known = None
for _ in range(400):
    try:
        uploader = client.uploader(
            path, url=known, chunk_size=int(chunk), metadata={"filename": "育秧.bin"}, upload_checksum=checked == "yes"
        )
        if known is None:
            uploader.set_url(uploader.create_url())
            known = uploader.url
        uploader.offset = uploader.get_offset()
        uploader.upload()
        break
    except (TusCommunicationError, TusUploadFailed, requests.RequestException, OSError):
        time.sleep(0.05)
else:
    sys.exit("it never came through")
print(known.rsplit("/", 1)[1])
